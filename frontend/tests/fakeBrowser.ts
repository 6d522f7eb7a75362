/** What the stores ask of a browser: a storage in memory, and a server that answers as it is told. */
type Answer = Response | Promise<Response>;

export const memory = new Map<string, string>();

/** `Object.keys` lists a storage's own entries, as in a browser. */
const storage = new Proxy({} as Storage, {
  get: (_target, name) =>
    ({
      getItem: (key: string) => memory.get(key) ?? null,
      setItem: (key: string, value: string) => void memory.set(key, value),
      removeItem: (key: string) => void memory.delete(key)
    })[name as string],
  ownKeys: () => [...memory.keys()],
  getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true })
});

class Server {
  calls: {
    path: string;
    method: string;
    token: string | null;
    isKeptAlive: boolean;
    /** As text, once it is read; files and forms are not. */
    body: string | undefined;
  }[] = [];
  #answers = new Map<string, () => Answer>();

  answers(path: string, give: () => Answer): void {
    this.#answers.set(path, give);
  }

  /** The paths that were asked for, in their order. */
  get paths(): string[] {
    return this.calls.map(({ method, path }) => `${method} ${path}`);
  }

  async fetch(input: Request | string, init?: RequestInit): Promise<Response> {
    const request = new Request(new URL(input instanceof Request ? input.url : input, origin), {
      ...(input instanceof Request ? { method: input.method, headers: input.headers } : init)
    });
    const path = new URL(request.url).pathname;
    const token = request.headers.get('Authorization');
    const isJson = request.headers.get('Content-Type') === 'application/json';
    const source = input instanceof Request ? input.clone() : request;
    const call = {
      path,
      method: request.method,
      token,
      isKeptAlive: source.keepalive,
      body: undefined as string | undefined
    };
    this.calls.push(call);
    if (isJson) call.body = await source.text();
    const give = this.#answers.get(path);
    if (!give) throw new TypeError('no answer');
    return Promise.race([give(), aborted(init?.signal)]);
  }

  forget(): void {
    this.calls = [];
    this.#answers.clear();
  }
}

function aborted(signal: AbortSignal | null | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

const origin = 'https://here.test';
export const server = new Server();

const anywhere = globalThis as Record<string, unknown>;
const here = new EventTarget();
anywhere.window = here;
anywhere.location = new URL(origin);
anywhere.localStorage = storage;
// Without locks, as on plain http: what takes turns there does so by itself.
Object.defineProperty(globalThis, 'navigator', {
  value: { languages: ['en'] },
  configurable: true
});
anywhere.document = Object.assign(new EventTarget(), {
  documentElement: {},
  visibilityState: 'visible'
});
anywhere.fetch = (input: Request | string, init?: RequestInit) => server.fetch(input, init);
// Node's own Request wants whole addresses; a browser knows where it is.
const NodeRequest = globalThis.Request;
anywhere.Request = class extends NodeRequest {
  constructor(input: Request | URL | string, init?: RequestInit) {
    super(typeof input === 'string' ? new URL(input, origin) : input, init);
  }
};

export function answer(body: unknown, status = 200): Response {
  return Response.json(body, { status });
}

export function forgetBrowser(): void {
  memory.clear();
  server.forget();
}

interface Held extends Promise<void> {
  release: () => void;
}

/** A promise that settles when it is released. */
export function hold(): Held {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  return Object.assign(held, { release });
}

/** Lets everything happen that waits for nothing from outside. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
