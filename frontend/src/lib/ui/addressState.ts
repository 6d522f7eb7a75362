/**
 * What a screen is asked to show, held by its address: read with defaults, written without them.
 * What an address says wrongly is dropped and named, so that the screen can say so.
 */
export interface Field<Value> {
  fallback: Value;
  /** Values that stand in the address; those that are refused are left out of `value`. */
  parse: (texts: string[]) => { value: Value; refused: string[] };
  write: (value: Value) => string[];
}

export interface Dropped {
  name: string;
  value: string;
}

/** Free text, such as a search. */
export function text(): Field<string> {
  return {
    fallback: '',
    parse: ([first = '']) => ({ value: first.trim(), refused: [] }),
    write: (value) => (value ? [value] : [])
  };
}

/** One of a few. */
export function oneOf<const Choice extends string, const Fallback extends string>(
  choices: readonly Choice[],
  fallback: Fallback
): Field<Choice | Fallback> {
  return {
    fallback,
    parse: ([first]) => {
      const value = choices.find((choice) => choice === first);
      return { value: value ?? fallback, refused: first && value === undefined ? [first] : [] };
    },
    write: (value) => (value === fallback ? [] : [value])
  };
}

/** Any of a few, or any at all where no choices are named. */
export function manyOf<const Choice extends string = string>(
  choices?: readonly Choice[]
): Field<readonly Choice[]> {
  const isChoice = (one: string): one is Choice => !choices || choices.includes(one as Choice);
  return {
    fallback: [],
    parse: (texts) => {
      const given = [...new Set(texts.filter(Boolean))];
      return { value: given.filter(isChoice), refused: given.filter((one) => !isChoice(one)) };
    },
    write: (value) => [...value]
  };
}

/** A whole number between two others, such as a year. */
export function numberBetween(lowest: number, highest: number): Field<number | null> {
  return {
    fallback: null,
    parse: ([first]) => {
      const number = first && /^\d+$/.test(first) ? Number(first) : NaN;
      const isGood = number >= lowest && number <= highest;
      return { value: isGood ? number : null, refused: first && !isGood ? [first] : [] };
    },
    write: (value) => (value === null ? [] : [String(value)])
  };
}

export interface AddressState<State> {
  defaults: State;
  read: (query: URLSearchParams) => { state: State; dropped: Dropped[] };
  /** The same state always gives the same text. */
  write: (state: State) => URLSearchParams;
  /** A path with the state behind it, where it has any. */
  addressOf: (path: string, state: State) => string;
}

export function addressState<State extends object>(schema: {
  [Name in keyof State]: Field<State[Name]>;
}): AddressState<State> {
  const fields = Object.entries(schema) as [keyof State & string, Field<State[keyof State]>][];

  function stateOf(valueOf: (name: string, field: Field<State[keyof State]>) => unknown): State {
    return Object.fromEntries(fields.map(([name, field]) => [name, valueOf(name, field)])) as State;
  }

  function read(query: URLSearchParams) {
    const dropped: Dropped[] = [];
    const state = stateOf((name, field) => {
      const { value, refused } = field.parse(query.getAll(name));
      dropped.push(...refused.map((one) => ({ name, value: one })));
      return value;
    });
    return { state, dropped };
  }

  function write(state: State): URLSearchParams {
    const query = new URLSearchParams();
    for (const [name, field] of fields) {
      for (const one of field.write(state[name])) query.append(name, one);
    }
    return query;
  }

  return {
    defaults: stateOf((_name, field) => field.fallback),
    read,
    write,
    addressOf: (path, state) => [path, write(state).toString()].filter(Boolean).join('?')
  };
}
