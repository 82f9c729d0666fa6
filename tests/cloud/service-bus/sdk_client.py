"""Drives Microsoft's Python SDK: a command a line on stdin, as JSON, and its answer a line on stdout."""

import json
import sys
import uuid

from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageSizeExceededError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
)

WORDS = {
    MessageLockLostError: "lock-lost",
    MessageSizeExceededError: "too-large",
    MessagingEntityNotFoundError: "not-found",
    ServiceBusAuthenticationError: "unauthorized",
    ServiceBusAuthorizationError: "unauthorized",
}


def word(error):
    # A queue that is not there is told when the token is put, which this SDK calls the one as the other.
    if "Status code: 404" in str(getattr(error, "inner_exception", "")):
        return "not-found"
    return WORDS.get(type(error), f"{type(error).__name__}: {error}")


client = ServiceBusClient.from_connection_string(sys.argv[1], retry_total=0)
senders, receivers, received = {}, {}, {}


def sender(queue):
    if queue not in senders:
        senders[queue] = client.get_queue_sender(queue)
    return senders[queue]


def receiver(queue, dead_letters=False):
    key = (queue, dead_letters)
    if key not in receivers:
        sub_queue = "deadletter" if dead_letters else None
        receivers[key] = client.get_queue_receiver(queue, sub_queue=sub_queue)
    return receivers[key]


def send(queue, messages):
    made = [ServiceBusMessage(message["body"], message_id=message["id"]) for message in messages]
    sender(queue).send_messages(made[0] if len(made) == 1 else made)


def receive(queue, deadLetters, waitMs):
    source = receiver(queue, deadLetters)
    messages = source.receive_messages(max_message_count=1, max_wait_time=waitMs / 1000)
    if not messages:
        return None
    handle = str(uuid.uuid4())
    received[handle] = (source, messages[0])
    return {"handle": handle, **described(messages[0])}


def described(message):
    return {
        "id": message.message_id,
        "body": b"".join(message.body).decode(),
        "deliveryCount": message.delivery_count,
        "lockedUntilMs": message.locked_until_utc.timestamp() * 1000,
        "deadLetterReason": message.dead_letter_reason,
        "deadLetterDescription": message.dead_letter_error_description,
    }


def complete(handle):
    source, message = received[handle]
    source.complete_message(message)


def abandon(handle):
    source, message = received[handle]
    source.abandon_message(message)


def dead_letter(handle, reason, description):
    source, message = received[handle]
    source.dead_letter_message(message, reason=reason, error_description=description)


def renew(handle):
    source, message = received[handle]
    return source.renew_message_lock(message).timestamp() * 1000


def peek(queue):
    return [message.message_id for message in receiver(queue).peek_messages(max_message_count=10, sequence_number=1)]


COMMANDS = {
    "send": send,
    "receive": receive,
    "complete": complete,
    "abandon": abandon,
    "deadLetter": dead_letter,
    "renew": renew,
    "peek": peek,
}

for line in sys.stdin:
    command, arguments = json.loads(line)
    try:
        answer = {"result": COMMANDS[command](**arguments)}
    except Exception as error:  # pylint: disable=broad-except
        answer = {"error": word(error)}
    print(json.dumps(answer), flush=True)
client.close()
