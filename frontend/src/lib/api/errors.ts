/** What can go wrong with a call, as one class: the server's code, or `network` when none came. */
import type { components } from './schema';

type ErrorBody = Partial<components['schemas']['ErrorShape']> & { upload?: number };

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
    readonly retrySeconds: number | null = null
  ) {
    super(`${status} ${code}`);
  }

  get isNetwork(): boolean {
    return this.code === 'network';
  }

  static fromBody(body: unknown, status: number, retryAfter: string | null = null): ApiError {
    const { code, detail, fields, upload } = (
      typeof body === 'object' && body !== null ? body : {}
    ) as ErrorBody;
    const fallback = status >= 500 || status === 0 ? 'server' : 'unknown';
    return new ApiError(
      code ?? fallback,
      detail ?? '',
      status,
      fields ?? {},
      upload ?? null,
      Number(retryAfter) || null
    );
  }

  static async fromResponse(response: Response): Promise<ApiError> {
    const body: unknown = await response.json().catch(() => null);
    return ApiError.fromBody(body, response.status, response.headers.get('Retry-After'));
  }

  static network(): ApiError {
    return new ApiError('network', '', 0);
  }

  /** Whatever was thrown, as one of ours; a fetch that got no answer throws a TypeError. */
  static from(problem: unknown): ApiError {
    return problem instanceof ApiError ? problem : ApiError.network();
  }
}
