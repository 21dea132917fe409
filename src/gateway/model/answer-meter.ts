/** Watches an answer's bytes go by and reads its usage, without changing or delaying one of them. */
import { StringDecoder } from 'node:string_decoder';
import { type Answer, AnswerAssembler, NO_ANSWER, parseJson, readJsonAnswer } from './assemble-answer.ts';

/** Sees each piece once, in order. */
export interface AnswerMeter {
  push(bytes: Buffer): void;
  /** What came, as far as it came. */
  answer(): Answer;
}

/** No answer is read beyond this; its call is then settled as bounded. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Events are read in batches of so many bytes: short answers after their end, long ones without a pause at it. */
const BATCH_BYTES = 16 * 1024;

/** The meter for an answer of this content type. */
export function meterFor(contentType: string | undefined): AnswerMeter {
  if (contentType?.startsWith('text/event-stream') === true) return sseMeter();
  return jsonMeter();
}

function jsonMeter(): AnswerMeter {
  const pieces: Uint8Array[] = [];
  let size = 0;
  return {
    push: (bytes) => {
      size += bytes.length;
      if (size <= MAX_BYTES) pieces.push(bytes);
    },
    answer: () => (size > MAX_BYTES ? NO_ANSWER : readJsonAnswer(Buffer.concat(pieces).toString('utf8'))),
  };
}

/** Server-sent events as in the HTML standard: an empty line ends an event, `data:` lines are joined. */
function sseMeter(): AnswerMeter {
  const assembler = new AnswerAssembler();
  const decoder = new StringDecoder('utf8');
  let pieces: Buffer[] = [];
  let waiting = 0;
  let rest = '';
  let size = 0;
  const read = () => {
    // JSON holds no bare carriage return, so dropping them leaves one kind of line end
    rest += decoder.write(Buffer.concat(pieces)).replaceAll('\r', '');
    pieces = [];
    waiting = 0;
    const events = rest.split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) assembler.take(parseJson(dataOf(event)));
  };
  return {
    push: (bytes) => {
      size += bytes.length;
      if (size > MAX_BYTES) return;
      pieces.push(bytes);
      waiting += bytes.length;
      if (waiting >= BATCH_BYTES) read();
    },
    answer: () => {
      if (size > MAX_BYTES) return NO_ANSWER;
      read();
      return assembler.answer();
    },
  };
}

/** Nearly every event is a name and one line of data. */
const PLAIN_EVENT = /^event:[^\n]*\ndata:([^\n]*)$/;

function dataOf(event: string): string {
  const plain = PLAIN_EVENT.exec(event)?.[1];
  if (plain !== undefined) return plain;
  return event
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5))
    .join('\n');
}
