/** Reads the small part of GraphQL that the host answers: one operation, root fields with arguments, nested selections. */

/** One field of a selection, with its arguments resolved against the variables. */
export interface Field {
  readonly name: string;
  readonly alias: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly fields: readonly Field[];
}

/** A parsed operation. */
export interface Operation {
  readonly kind: 'query' | 'mutation';
  readonly fields: readonly Field[];
}

const TOKEN =
  /\s*(?:#[^\n]*\n\s*)*([A-Za-z_]\w*|\$[A-Za-z_]\w*|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|\.\.\.|[{}()[\]:!=,@])/y;

interface Reader {
  peek(): string | undefined;
  next(): string;
  take(token: string): boolean;
}

/** Parses a document; error: `Error` with a message as GitHub's `errors[].message` for anything not understood. */
export function parseOperation(document: string, variables: Readonly<Record<string, unknown>>): Operation {
  const reader = createReader(tokenize(document));
  const word = reader.peek();
  const kind = word === 'mutation' ? 'mutation' : 'query';
  if (word !== '{') {
    reader.next();
    if (reader.peek() !== '{' && reader.peek() !== '(') reader.next();
    if (reader.peek() === '(') skipParentheses(reader);
  }
  return { kind, fields: readSelection(reader, variables) };
}

function tokenize(document: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const text = document.trimEnd();
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) throw new Error(`Parse error on "${text.slice(at, at + 20)}"`);
    if (token !== ',') tokens.push(token);
  }
  return tokens;
}

function createReader(tokens: readonly string[]): Reader {
  let at = 0;
  return {
    peek: () => tokens[at],
    next: () => {
      const token = tokens[at];
      if (token === undefined) throw new Error('Unexpected end of document');
      at += 1;
      return token;
    },
    take: (token) => {
      if (tokens[at] !== token) return false;
      at += 1;
      return true;
    },
  };
}

function skipParentheses(reader: Reader): void {
  let depth = 0;
  do {
    const token = reader.next();
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
  } while (depth > 0);
}

function readSelection(reader: Reader, variables: Readonly<Record<string, unknown>>): Field[] {
  if (!reader.take('{')) throw new Error('Expected a selection');
  const fields: Field[] = [];
  while (!reader.take('}')) fields.push(readField(reader, variables));
  return fields;
}

function readField(reader: Reader, variables: Readonly<Record<string, unknown>>): Field {
  const first = reader.next();
  const name = reader.take(':') ? reader.next() : first;
  const args = reader.take('(') ? readPairs(reader, variables, ')') : {};
  const fields = reader.peek() === '{' ? readSelection(reader, variables) : [];
  return { name, alias: first, args, fields };
}

function readValue(reader: Reader, variables: Readonly<Record<string, unknown>>): unknown {
  const token = reader.next();
  if (token === '[') return readList(reader, variables);
  if (token === '{') return readPairs(reader, variables, '}');
  if (token.startsWith('$')) return variables[token.slice(1)];
  if (token.startsWith('"')) return JSON.parse(token);
  return readWord(token);
}

function readList(reader: Reader, variables: Readonly<Record<string, unknown>>): unknown[] {
  const list: unknown[] = [];
  while (!reader.take(']')) list.push(readValue(reader, variables));
  return list;
}

function readPairs(
  reader: Reader,
  variables: Readonly<Record<string, unknown>>,
  end: ')' | '}',
): Record<string, unknown> {
  const pairs: Record<string, unknown> = {};
  while (!reader.take(end)) {
    const key = reader.next();
    if (!reader.take(':')) throw new Error(`Expected ':' after ${key}`);
    pairs[key] = readValue(reader, variables);
  }
  return pairs;
}

function readWord(token: string): unknown {
  if (token === 'null') return null;
  if (token === 'true' || token === 'false') return token === 'true';
  return /^-?\d/.test(token) ? Number(token) : token;
}

/** Keeps only what was selected, under its alias. */
export function project(value: unknown, fields: readonly Field[]): unknown {
  if (fields.length === 0 || value === null || value === undefined) return value ?? null;
  if (Array.isArray(value)) return value.map((item) => project(item, fields));
  if (typeof value !== 'object') return value;
  const source = new Map<string, unknown>(Object.entries(value));
  return Object.fromEntries(
    fields.map((field) => [field.alias, project(source.get(field.name), field.fields)]),
  );
}
