// What the builder keeps and what the API tells it. Only `tsc` reads this file.

import type { Capture } from "../types.d.ts";

export type { Capture };

export type SlotName = "pre" | "amp" | "loop" | "cab" | "post";
export type Values = Record<string, number | boolean>;

export interface ExtraIR {
  capture_id: string;
  parameters: Values;
}

/** A capture, or a built-in processor. */
export interface Block {
  capture_id?: string;
  processor?: string;
  parameters: Values;
  extra_irs?: ExtraIR[];
}

/** What a slot may hold; null is nothing. */
export interface Option {
  id: string;
  block: Block | null;
}

/** One place in the signal. It is never without an option. */
export interface SlotEntry {
  id: string;
  slot: SlotName;
  options: Option[];
}

export interface CellEntry {
  cell: string;
  label: string;
}

export interface ChainEntry {
  chain_id: string;
  label: string;
}

export type Entry = CellEntry | ChainEntry;

/** The document of a draft, as the server keeps it. */
export interface Draft {
  schema_version: 1;
  title: string;
  description: string;
  di_tracks: string[];
  slots: SlotEntry[];
  off: string[];
  line_up: Entry[];
  options: Record<string, string | number | boolean>;
}

export interface Parameter {
  name: string;
  label: string;
  unit: string;
  minimum: number;
  maximum: number;
  default: number;
}

export interface Switch {
  name: string;
  label: string;
}

/** What can be set of a block. */
export interface Settable {
  numbers: Parameter[];
  switches: Switch[];
}

export interface BlockType {
  name: string;
  title: string;
  places: SlotName[];
  parameters: Parameter[];
}

export interface SlotWord {
  name: SlotName;
  label: string;
  help: string;
  kinds: string[];
  takes_processors: boolean;
}

/** What the page is given: `_builder_data` in shootouts/pages/builder_views.py. */
export interface BuilderData {
  slots: SlotWord[];
  kinds: Record<string, string>;
  parameters: Record<"cab" | "space" | "model" | "extra_ir", Settable>;
  max_contenders: number;
  max_di_tracks: number;
  has_material: boolean;
  demo_url: string;
  page_url: string;
  login_url: string;
}

export interface Track {
  id: string;
  name: string;
  state: string;
  duration_s: number | null;
  guitar: string;
  audio_url: string;
}

export interface Chain {
  id: string;
  name: string;
}

export interface ExpansionError {
  code: string;
  message: string;
  slot_id: string | null;
  option_id: string | null;
}

export interface ExpandedCell {
  key: string;
  label: string;
  is_valid: boolean;
  is_on: boolean;
  errors: ExpansionError[];
}

export interface LineUpItem {
  key?: string | null;
  chain_id?: string | null;
  label: string;
  is_valid: boolean;
  message: string;
}

export interface Estimate {
  render_s: number | null;
  video_s: number | null;
  video_duration_s: number | null;
  basis: string;
}

/** The answer of `drafts/expansion/`. */
export interface Expansion {
  cells: ExpandedCell[];
  num_cells: number;
  num_on: number;
  max_contenders: number;
  slots: { id: string; message: string; allows_none: boolean }[];
  line_up: LineUpItem[];
  problems: string[];
  auto_title: string;
  estimate: Estimate | null;
}

export interface DraftAnswer {
  id: string;
  document: Draft;
  title: string;
  state: "open" | "made";
  shootout_id: string | null;
  updated_at: string;
}

/** An answer of the API; `status` 0 is none. */
export interface Answer<T> {
  status: number;
  etag: string;
  body: T | null;
  error: { code: string; message: string; details?: { message: string }[] } | null;
}

/** Where saving stands. */
export type SaveState =
  | "saved"
  | "unsaved"
  | "saving"
  | "failed"
  | "logged_out"
  | "conflict"
  | "refused";

/** All that the views show. */
export interface Page {
  draft: Draft;
  expansion: Expansion | null;
  /** The expansion is that of this document, not of one before. */
  isCurrent: boolean;
  known: {
    captures: Map<string, Capture>;
    types: Map<string, BlockType>;
    data: BuilderData;
  };
  chains: Map<string, Chain>;
  tracks: Track[];
  hasMoreTracks: boolean;
  find: string;
  /** Options whose parameters are shown. */
  opened: Set<string>;
  /** Of the table: the cell that Tab leads to. */
  cursor: string;
  save: { state: SaveState; message: string };
  canUndo: boolean;
  canRedo: boolean;
  /** What is heard. */
  audition: { state: string; key: string; message: string; canSwap: boolean };
  /** Over which part of a DI track; without a start from where its playing begins. */
  passage: { trackId: string; startS: number | null; durationS: number };
  isRendering: boolean;
  /** What rendering was refused for. */
  refusal: string;
  /** The shootout that this draft has become, or that it changes; empty: none. */
  shootoutId: string;
  /** That shootout is what the draft says: nothing was changed since. */
  isMade: boolean;
  /** Open drafts that are not this one. */
  others: DraftAnswer[];
}
