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

/** An error of the API. */
export interface Problem {
  code: string;
  message: string;
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
    ajax(verb: string, path: string, context: { target: string; swap: string }): Promise<void>;
  };

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
