// Google's own in-memory Pub/Sub, as a process: pstest PORT MIN_ACK_DEADLINE_SECONDS. Runs until it is killed.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"cloud.google.com/go/pubsub/v2/pstest"
)

func main() {
	if len(os.Args) != 3 {
		fail("usage: pstest PORT MIN_ACK_DEADLINE_SECONDS")
	}
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fail("the port must be a number, got " + os.Args[1])
	}
	seconds, err := strconv.Atoi(os.Args[2])
	if err != nil {
		fail("the deadline must be a number of seconds, got " + os.Args[2])
	}
	// The service takes 10 s and more; tests that wait for a redelivery would wait for as long.
	pstest.SetMinAckDeadline(time.Duration(seconds) * time.Second)
	fmt.Println(pstest.NewServerWithPort(port).Addr)
	select {}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
