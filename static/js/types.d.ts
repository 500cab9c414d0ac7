// What the server says to the pages, and what htmx tells them. Only `tsc` reads this file.

export interface PlayerSegment {
  di: number;
  contender: number;
  url: string;
  duration_s: number;
  num_channels: number;
  waveform: number[];
}

/** The JSON in a player: `player_data` in shootouts/published/player.py. */
export interface PlayerData {
  title: string;
  dis: { name: string }[];
  contenders: { label: string }[];
  segments: PlayerSegment[];
}

/** A region in seconds, or in frames. */
export interface Region {
  start: number;
  end: number;
}

/** A block of a chain, as the API takes it. */
export interface BlockInput {
  slot: string;
  capture_id?: string | null;
  processor?: string;
  parameters?: Record<string, number | boolean>;
  extra_irs?: { capture_id: string; parameters?: Record<string, number | boolean> }[];
}

/** What is to be heard: seconds of a DI track through blocks, or through a stored chain. */
export interface PassageRequest {
  di_track_id: string;
  /** In the file; left out: where the playing begins. */
  start_s?: number | null;
  duration_s?: number;
  blocks?: BlockInput[];
  chain_id?: string;
  /** The page's own name for it; it comes back with the states. */
  key?: string;
}

/** A preview of the API. */
export interface Preview {
  id: string;
  state: "rendering" | "ready" | "failed";
  audio_url: string | null;
  /** How long the passage is, without what sounds on after it; null: to the end. */
  passage_s: number | null;
  duration_s: number | null;
  gain_db: number | null;
  job: { id: string; state: string; error: { message: string } | null } | null;
}

/** A job as docs/websocket.md describes it. */
export interface Job {
  job_id: string;
  kind: string;
  label: string;
  state: string;
  state_label: string;
  progress: number;
  message: string;
  error: { code: string; message: string } | null;
}

export interface Summary {
  headline: string;
  part: string;
  progress: number;
  remaining_s: number | null;
  time_left: string;
}

/** What comes over the socket of a job; of the job that is watched with a summary. */
export interface JobMessage extends Job {
  type: "snapshot" | "progress";
  summary?: Summary;
  children?: Job[];
  /** Of what is published: they come with a snapshot of a shootout. */
  manifest?: string | null;
  video?: string | null;
}

export interface Notification {
  id: string;
  label: string;
  kind: string;
  state: string;
  message: string;
  path: string;
}

/** What comes over the socket of the bell. */
export type BellMessage =
  | { type: "snapshot"; num_unread: number }
  | ({ type: "notification"; num_unread: number } & Notification);

/** The answer of the API that compares two contenders. */
export interface Comparison {
  esr_db: number | null;
  gain_db: number | null;
  is_inverted: boolean;
  lag_frames: number;
  residual_url: string;
}

/** A capture as `captures/` lists it; of what it has, what pages use. */
export interface Capture {
  id: string;
  name: string;
  format: string;
  architecture: string;
  unsupported_reason: string;
  gain: number | null;
  is_calibrated: boolean;
  has_own_cab: boolean;
  is_mine: boolean;
  tags: string[];
  tone3000_id: string;
  library_entry: { id: string; nickname: string; is_favorite: boolean } | null;
  gear: {
    id: string;
    kind: string;
    name: string;
    make: string;
    creator: string;
    licence: string;
    source: string;
    source_url: string;
  };
}

/** What the captures of a list have in common. */
export interface CaptureFacets {
  num_captures: number;
  is_complete: boolean;
  kinds: FacetValue[];
  makes: FacetValue[];
  licences: FacetValue[];
  architectures: FacetValue[];
  tags: FacetValue[];
}

export interface FacetValue {
  value: string;
  num_captures: number;
}

/** A tone of Tone 3000 in a list. */
export interface Tone {
  id: string;
  title: string;
  creator: { username: string | null; display_name: string | null } | null;
  licence: string | null;
  url: string | null;
  makes: string[];
  kind: string | null;
  unsupported_reason: string;
}

/** A tone with all of its models. */
export interface ToneDetail extends Tone {
  models: {
    id: string;
    name: string | null;
    size: string | null;
    architecture: string | null;
    has_file: boolean;
    capture_id: string | null;
  }[];
}

/** An error of the API. */
export interface Problem {
  code: string;
  message: string;
}

/** A file on its way in: `UploadOutput` in shootouts/api/uploads.py. */
export interface Upload {
  id: string;
  archive_id: string | null;
  file_name: string;
  folder: string;
  length_bytes: number;
  offset_bytes: number;
  state: "uploading" | "sorting" | "checking" | "ready" | "unpacked" | "failed" | "deleted";
  kind: string;
  name: string;
  channel_rule: string;
  di_track_id: string | null;
  capture_id: string | null;
  gear_id: string | null;
  is_known: boolean;
  num_skipped: number;
  html_url: string | null;
  error: Problem | null;
}

/** What is used of static/vendor/tus-js-client. */
export interface TusError extends Error {
  originalResponse: { getStatus(): number; getBody(): string } | null;
}

export interface TusUpload {
  url: string | null;
  start(): void;
  abort(shouldTerminate: boolean): Promise<void>;
  findPreviousUploads(): Promise<object[]>;
  resumeFromPreviousUpload(previous: object): void;
}

export interface TusModule {
  Upload: new (
    file: File,
    options: {
      endpoint: string;
      chunkSize: number;
      retryDelays: number[];
      uploadDataDuringCreation: boolean;
      removeFingerprintOnSuccess: boolean;
      metadata: Record<string, string>;
      headers: Record<string, string>;
      onShouldRetry(error: TusError): boolean;
      onProgress(sentBytes: number): void;
      onError(error: TusError | Error): void;
      onSuccess(): void;
    },
  ) => TusUpload;
}

/** One input of the list `audio-interfaces/`. */
export interface AudioInterface {
  key: string;
  label: string;
  maker: string;
  model: string;
  input: "instrument" | "line";
  level_dbu: number;
  source: string;
  url: string;
  is_quoted: boolean;
}

/** A take that is kept in this browser until the server has it. */
export interface KeptTake {
  id: string;
  /** Whose it is: others may use this browser. */
  user: string;
  /** ISO 8601. */
  takenAt: string;
  wav: Blob;
  sampleRateHz: number;
  durationS: number;
  /** The outline: one number for each column, 0 to 1. */
  columns: number[];
  /** What was typed into the form, by the names of the fields. */
  fields: Record<string, string>;
}

/** The answer to an upload of a DI track, as far as pages look at it. */
export interface Uploaded {
  id: string;
  name: string;
}

export interface UploadProblem {
  /** 0: there was no answer. */
  status: number;
  isThere: boolean;
  message: string;
  details: { pointer: string; message: string }[];
}

/** What htmx says of a request; some of it only with some events. */
export interface HtmxDetail {
  elt: Element;
  target?: Element;
  xhr: XMLHttpRequest;
  requestConfig?: { verb: string; elt?: Element };
  successful: boolean;
  timeout: number;
  headers: Record<string, string>;
}

type HtmxEvent = CustomEvent<HtmxDetail>;

declare global {
  const htmx: {
    trigger(element: Element, name: string): void;
    ajax(
      verb: string,
      path: string,
      context: { target: string; swap: string; select?: string },
    ): Promise<void>;
  };

  interface Window {
    tus: TusModule;
  }

  interface DocumentEventMap {
    "htmx:configRequest": HtmxEvent;
    "htmx:beforeRequest": HtmxEvent;
    "htmx:afterRequest": HtmxEvent;
    "htmx:beforeSwap": HtmxEvent;
    "htmx:afterSwap": HtmxEvent;
    "htmx:afterSettle": CustomEvent<Partial<HtmxDetail> | null>;
    "htmx:sendError": HtmxEvent;
    "htmx:responseError": HtmxEvent;
    "htmx:timeout": HtmxEvent;
    "gts:theme": CustomEvent<null>;
  }

  // Of the audio thread, which TypeScript's library does not know.
  class AudioWorkletProcessor {
    readonly port: MessagePort;
  }
  function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;
  const currentFrame: number;

  interface Navigator {
    /** Chromium's alone. */
    connection?: { saveData: boolean };
  }
}
