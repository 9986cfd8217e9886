/** What the service says, as the pages read it. For the type checker and the reader: it is not served. */

/** `GET /v1/requests/{id}/consent` */
export interface Consent {
  id: string;
  state: string;
  kind: string;
  /** `null` for an open pass. */
  entity: { id: string; name: string } | null;
  issuer: { id: string; name: string };
  purpose: string;
  binding: "none" | "name" | "name_and_mobile";
  /** The last digits of the number that the entity sent along. */
  mobile_hint?: string;
  /** Seconds that the answer will live. */
  valid_for: number;
  /** When the request dies; seconds since 1970, as all times. */
  expires_at: number;
  /** Who may embed the page. */
  origins: string[];
  otp: Otp;
}

export interface Otp {
  sent_at?: number;
  expires_at?: number;
  resend_at?: number;
  tries_left: number;
}

/** `POST /v1/requests/{id}/otp` */
export interface Sent {
  state: string;
  otp_expires_at: number;
  resend_at: number;
  tries_left: number;
}

/** `POST /v1/requests/{id}/confirm` */
export interface Answer {
  state: "answered";
  status: 0 | 1 | 2;
  /** Missing where no more than the receipt was kept. */
  presentation?: string;
  token_id: string;
  issued_at: number;
  expires_at: number;
  receipt: Receipt;
  /** Of an open pass: `KV1:...` and a picture of it as SVG. */
  text?: string;
  qr?: string;
}

/** The same call, if the password was right and there is no record: nothing was told. */
export interface Unanswered {
  state: "otp_sent";
  no_record: NoRecord;
}

export interface NoRecord {
  /** Consents to the answer 0, as `accept_no_record`. */
  acceptance: string;
  corrections_left: number;
  /** The name that was searched for, if the entity gave it. */
  name?: string;
}

export interface Receipt {
  issuer: { id: string; name: string };
  entity?: string;
  purpose: string;
  binding: string;
  told: number;
  told_at: number;
  valid_until: number;
  request: string;
  token_hash: string;
  audit: { seq: number; hash: string };
}

/** A problem document (RFC 9457), or `offline` where there was no reply. */
export interface Problem {
  code: string;
  detail?: string;
  /** Seconds; of the header. */
  retry_after?: number;
  tries_left?: number;
  state?: string;
}

/** `GET /v1/passes` */
export interface Passes {
  enabled: boolean;
  purposes: string[];
  valid_for: number;
}

/** From the frame to the page that embeds it, beside `kycvs: 1`. */
export interface Word {
  type: "ready" | "resize" | "answer" | "declined" | "failed" | "expired" | "error";
  height?: number;
  presentation?: string;
  code?: string;
}

/** `GET /inbox/messages` of the development inbox. */
export interface Message {
  to: string;
  text: string;
  at: number;
}
