import type { Finding } from "./finding.ts"

/** The closed list of everything that can go wrong with a request. */
export type ErrorCode =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "exhausted"
  | "unsupported"
  | "timeout"
  | "canceled"
  | "unavailable"
  | "internal"

/**
 * The HTTP status of each code. A duplicate is 400 on the wire, never 409: DigitalHub's clients match on it.
 */
export const httpStatus = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 400,
  exhausted: 429,
  unsupported: 501,
  timeout: 504,
  canceled: 499,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<ErrorCode, number>

/** What a failed request answers: DigitalHub's `status` and `message`, then Berth's members. */
export interface ErrorBody {
  readonly status: number
  readonly message: string
  readonly code?: ErrorCode
  readonly issues?: readonly Finding[]
  readonly request_id?: string
}

/** Everything but the code and the message of a {@link BerthError}. */
export interface BerthErrorOptions {
  /** All problems at once, each with its path. Default: none. */
  readonly issues?: readonly Finding[]
  /** The original error; logged, never sent. */
  readonly cause?: unknown
  /** The server's id of the request, for its log. */
  readonly requestId?: string
}

/**
 * The one error class of Berth.
 *
 * The message says what happened, to what, and what to do. A run that failed is not an error but data
 * (`state: "ERROR"` with its findings).
 */
export class BerthError extends Error {
  readonly code: ErrorCode
  readonly issues: readonly Finding[]
  readonly requestId: string | undefined

  constructor(code: ErrorCode, message: string, options: BerthErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = "BerthError"
    this.code = code
    this.issues = options.issues ?? []
    this.requestId = options.requestId
  }

  /** The HTTP status this error is sent with. */
  get status(): number {
    return httpStatus[this.code]
  }

  /** The single place where foreign errors enter: what is no BerthError becomes `internal`, or `canceled` for an abort. */
  static from(error: unknown): BerthError {
    if (error instanceof BerthError) return error
    if (error instanceof Error && error.name === "AbortError") {
      return new BerthError("canceled", "The operation was canceled by its caller.", { cause: error })
    }
    const detail = error instanceof Error ? error.message : String(error)
    return new BerthError("internal", `Berth failed at something it should have managed: ${detail}`, { cause: error })
  }

  /** The body of the HTTP answer. Empty members are left out. */
  toBody(requestId?: string): ErrorBody {
    return {
      status: this.status,
      message: this.message,
      code: this.code,
      ...(this.issues.length > 0 && { issues: this.issues }),
      ...(requestId !== undefined && { request_id: requestId }),
    }
  }
}
