/** The examples of the HTML standard, section 9.2.6, and what else it says. */
import { describe, expect, test } from 'vitest'
import { EventParser } from './event-parser.js'

const parse = (...texts: string[]) => {
  const parser = new EventParser()
  return texts.flatMap((text) => parser.push(text))
}

describe("the standard's examples", () => {
  test('lines of data', () => {
    expect(parse('data: YHOO\ndata: +2\ndata: 10\n\n')).toEqual([{ id: '', type: 'message', data: 'YHOO\n+2\n10' }])
  })

  test('comments, ids that stay, and an id that is taken back', () => {
    const text = ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n'
    expect(parse(`${text}\n`)).toEqual([
      { id: '1', type: 'message', data: 'first event' },
      { id: '', type: 'message', data: 'second event' },
      { id: '', type: 'message', data: ' third event' },
    ])
    // Without the blank line at the end the third is not complete.
    expect(parse(text)).toHaveLength(2)
  })

  test('empty data', () => {
    expect(parse('data\n\ndata\ndata\n\ndata:').map(({ data }) => data)).toEqual(['', '\n'])
  })

  test('a space after the colon or none', () => {
    expect(parse('data:test\n\ndata: test\n\n').map(({ data }) => data)).toEqual(['test', 'test'])
  })

  test('types of events', () => {
    expect(parse('event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\ndata: x\n\n')).toEqual([
      { id: '', type: 'add', data: '73857293' },
      { id: '', type: 'remove', data: '2153' },
      { id: '', type: 'message', data: 'x' },
    ])
  })
})

test('an event without data is none, and its type is forgotten', () => {
  expect(parse('event: add\nid: 5\n\ndata: x\n\n')).toEqual([{ id: '5', type: 'message', data: 'x' }])
})

test('an id with a NUL and unknown fields are ignored', () => {
  expect(parse('id: 1\nid: 2\0\nretry: 10\nfoo: bar\ndata: x\n\n')).toEqual([{ id: '1', type: 'message', data: 'x' }])
})

test.each(['\n', '\r', '\r\n'])('lines may end in %j, wherever the text is cut', (end) => {
  const text = `\uFEFFid: 7${end}event: log${end}data: a${end}data: b${end}${end}data: c${end}${end}`
  const expected = [
    { id: '7', type: 'log', data: 'a\nb' },
    { id: '7', type: 'message', data: 'c' },
  ]
  expect(parse(text)).toEqual(expected)
  expect(parse(...Array.from(text))).toEqual(expected)
  for (let cut = 0; cut <= text.length; cut += 1) expect(parse(text.slice(0, cut), text.slice(cut))).toEqual(expected)
})
