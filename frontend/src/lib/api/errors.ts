/** What can go wrong with a request, as one class that knows its kind. */
import type { components } from './schema';

type ErrorBody = Partial<components['schemas']['ErrorShape']> & { upload?: number };

/**
 * `offline`: no answer came, or not in time; asked again it may. `ended`: the API says that the
 * session is over. `refused`: the API answers with another of its codes. `broken`: what answered is
 * not our API or is in trouble, such as a proxy, or a page of a hotel's network.
 */
export type Failure = 'offline' | 'ended' | 'refused' | 'broken';

/** Codes by which the API itself says that nobody is logged in by these tokens any more. */
const endings = new Set(['invalid_token', 'not_authenticated', 'banned']);

export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: string,
    readonly detail: string,
    readonly status: number,
    readonly fields: Record<string, string[]> = {},
    /** The row that the server keeps of an upload it refused. */
    readonly upload: number | null = null,
    /** When the server will listen again, where it said so. */
    readonly retrySeconds: number | null = null,
    readonly kind: Failure = endings.has(code) ? 'ended' : 'refused'
  ) {
    super(`${status} ${code}`);
  }

  get isOffline(): boolean {
    return this.kind === 'offline';
  }

  static fromBody(body: unknown, status: number, retryAfter: string | null = null): ApiError {
    const { code, detail, fields, upload } = (
      typeof body === 'object' && body !== null ? body : {}
    ) as ErrorBody;
    return new ApiError(
      code ?? (status >= 500 || status < 400 ? 'server' : 'unknown'),
      detail ?? '',
      status,
      fields ?? {},
      upload ?? null,
      Number(retryAfter) || null,
      code ? undefined : 'broken'
    );
  }

  static async fromResponse(response: Response): Promise<ApiError> {
    const body: unknown = await response.json().catch(() => null);
    return ApiError.fromBody(body, response.status, response.headers.get('Retry-After'));
  }

  /** `status` where an answer began to come and broke off. */
  static offline(status = 0): ApiError {
    return new ApiError('network', '', status, {}, null, null, 'offline');
  }

  /** Whatever was thrown, as one of ours: what is none is an answer that could not be understood. */
  static from(problem: unknown): ApiError {
    return problem instanceof ApiError ? problem : ApiError.fromBody(null, 0);
  }
}

/** Whether somebody left, or asked for something else, before the answer was there. */
export function isAborted(problem: unknown): boolean {
  return problem instanceof DOMException && problem.name === 'AbortError';
}
