// Plays all segments of one DI track in step and lets exactly one of them be heard.
//
// Every decoded segment runs all the time, started at the same instant of the audio clock with the
// same offset; switching moves two gains and nothing else, so it is instant, gapless and aligned to
// the sample. Segments are 48 kHz FLAC and the context runs at 48 kHz: nothing is resampled.

const SAMPLE_RATE_HZ = 48000;
const SWITCH_S = 0.005;
const LEAD_S = 0.03;
const CONCURRENT_LOADS = 2;
// Decoded sound is float32. Beyond this, segments that have not sounded for longest are dropped.
const MEMORY_BYTES = 700e6;

export class Engine extends EventTarget {
  #context = null;
  #master = null;
  #offset = 0; // position in seconds when the sources were started, or while paused
  #startedAt = 0; // audio clock at that moment
  #loop = null;
  #volume = 1;
  #run = 0; // tells ends of stopped sources from the end of the music

  constructor() {
    super();
    this.lanes = [];
    this.live = 0;
    this.isPlaying = false;
    this.isRepeating = false;
    this.analyser = null;
  }

  /** One entry per contender; null where there is nothing to hear. */
  setLanes(segments) {
    this.#stopSources();
    for (const lane of this.lanes) lane?.abort.abort();
    this.lanes = segments.map(
      (segment) =>
        segment && {
          segment,
          state: "idle",
          buffer: null,
          source: null,
          gain: null,
          usedAt: 0,
          abort: new AbortController(),
        },
    );
    this.#loop = null;
    if (!this.lanes[this.live]) this.live = this.lanes.findIndex(Boolean);
    this.#offset = Math.min(this.#offset, this.duration);
    if (this.isPlaying) this.#whenReady(this.live, () => this.isPlaying && this.#startSources());
  }

  get duration() {
    return Math.max(0, ...this.lanes.map((lane) => lane?.segment.duration_s ?? 0));
  }

  get #shortest() {
    return Math.min(...this.lanes.filter(Boolean).map((lane) => lane.segment.duration_s));
  }

  get numReady() {
    return this.lanes.filter((lane) => lane?.state === "ready").length;
  }

  get numLanes() {
    return this.lanes.filter(Boolean).length;
  }

  get loop() {
    return this.#loop;
  }

  get context() {
    return this.#context;
  }

  /** Seconds into the music, as heard now. */
  get position() {
    if (!this.#isRunning) return this.#offset;
    const latency = this.#context.outputLatency || 0;
    const elapsed = this.#context.currentTime - this.#startedAt - latency;
    return this.#wrap(this.#offset + Math.max(0, elapsed));
  }

  get #isRunning() {
    return this.isPlaying && this.lanes.some((lane) => lane?.source);
  }

  #wrap(position) {
    if (!this.#loop) return Math.min(position, this.duration);
    const { start, end } = this.#loop;
    return position < end ? position : start + ((position - end) % (end - start));
  }

  async play() {
    if (this.isPlaying) return;
    this.#open();
    this.isPlaying = true;
    this.#changed();
    await this.#context.resume();
    if (this.#offset >= this.duration - 0.05) this.#offset = 0;
    this.#whenReady(this.live, () => this.isPlaying && this.#startSources());
    this.load();
  }

  pause() {
    if (!this.isPlaying) return;
    this.#offset = this.position;
    this.isPlaying = false;
    this.#stopSources();
    this.#changed();
  }

  seek(position) {
    const low = this.#loop?.start ?? 0;
    const high = this.#loop ? this.#loop.end - 0.01 : this.duration;
    const isOutside = position < low || position > high;
    this.#offset = isOutside && this.#loop ? low : Math.max(0, Math.min(position, this.duration));
    if (this.isPlaying && this.lanes[this.live]?.buffer) this.#startSources();
    this.#changed();
  }

  /** A region {start, end} in seconds that is repeated sample by sample; null for none. */
  setLoop(region) {
    const position = this.position;
    if (region) {
      // A source repeats only what it has: no region reaches into the longest tail.
      const end = Math.min(region.end, this.#shortest);
      const start = Math.min(region.start, end - 0.1);
      this.#loop = start >= 0 ? { start, end } : null;
    } else this.#loop = null;
    this.seek(position);
  }

  setVolume(volume) {
    this.#volume = volume;
    this.#master?.gain.setTargetAtTime(volume, this.#context.currentTime, 0.01);
  }

  /** Hear another contender, from where we are. One that is not decoded yet takes over when it is. */
  switchTo(index) {
    const lane = this.lanes[index];
    if (!lane || index === this.live) return;
    this.live = index;
    lane.usedAt = performance.now();
    if (lane.state === "ready") this.#applyGains();
    else
      this.#whenReady(index, () => {
        if (this.isPlaying && !this.#isRunning) this.#startSources();
        this.#applyGains();
      });
    this.#changed();
  }

  /** Decode everything that fits into memory: what is heard first, then the others in order. */
  async load() {
    const queue = [this.live, ...this.lanes.keys()].filter(
      (index, place, all) => this.lanes[index] && all.indexOf(index) === place,
    );
    const lanes = this.lanes;
    const work = async () => {
      while (queue.length && lanes === this.lanes) {
        const lane = lanes[queue.shift()];
        if (lane.state === "idle" && this.#fits(lane)) await this.#decode(lane);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_LOADS }, work));
  }

  #bytes(lane) {
    return lane.segment.duration_s * SAMPLE_RATE_HZ * 4 * (lane.segment.num_channels || 1);
  }

  #usedBytes() {
    const held = this.lanes.filter((lane) => lane && lane.state !== "idle");
    return held.reduce((sum, lane) => sum + this.#bytes(lane), 0);
  }

  #fits(lane) {
    return this.#usedBytes() + this.#bytes(lane) <= MEMORY_BYTES;
  }

  #makeRoom(lane) {
    const others = this.lanes
      .filter((other, index) => other?.state === "ready" && index !== this.live)
      .sort((a, b) => a.usedAt - b.usedAt);
    while (!this.#fits(lane) && others.length) {
      const dropped = others.shift();
      dropped.source?.stop();
      dropped.source = dropped.buffer = dropped.gain = null;
      dropped.state = "idle";
    }
  }

  async #decode(lane) {
    lane.state = "loading";
    this.#changed();
    try {
      const response = await fetch(lane.segment.url, { signal: lane.abort.signal });
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      const bytes = await response.arrayBuffer();
      // An offline context needs no permission to sound, so this may happen before any click.
      const decoder = new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ);
      lane.buffer = await decoder.decodeAudioData(bytes);
      lane.state = "ready";
      if (this.#isRunning) this.#startLane(lane);
    } catch (error) {
      if (error.name === "AbortError") return;
      lane.state = "failed";
      lane.reason = error.message;
    }
    this.#changed();
    this.dispatchEvent(new CustomEvent("lane", { detail: lane }));
  }

  #whenReady(index, then) {
    const lane = this.lanes[index];
    if (!lane) return;
    if (lane.state === "ready") {
      then();
      return;
    }
    const done = ({ detail }) => {
      if (detail !== lane) return;
      this.removeEventListener("lane", done);
      if (lane.state === "ready" && this.live === index) then();
    };
    this.addEventListener("lane", done);
    if (lane.state === "idle" || lane.state === "failed") {
      this.#makeRoom(lane);
      this.#decode(lane);
    }
  }

  #open() {
    if (this.#context) return;
    this.#context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ, latencyHint: "interactive" });
    this.#master = this.#context.createGain();
    this.#master.gain.value = this.#volume;
    this.analyser = this.#context.createAnalyser();
    this.analyser.fftSize = 4096;
    this.analyser.smoothingTimeConstant = 0.75;
    this.#master.connect(this.analyser).connect(this.#context.destination);
  }

  #startSources() {
    this.#stopSources();
    this.#startedAt = this.#context.currentTime + LEAD_S;
    for (const lane of this.lanes) if (lane?.buffer) this.#startLane(lane, this.#startedAt);
    this.#changed();
  }

  #startLane(lane, when = this.#context.currentTime + LEAD_S) {
    const offset = this.#wrap(this.#offset + (when - this.#startedAt));
    lane.gain = this.#context.createGain();
    lane.gain.gain.value = lane === this.lanes[this.live] ? 1 : 0;
    lane.gain.connect(this.#master);
    lane.source = this.#context.createBufferSource();
    lane.source.buffer = lane.buffer;
    if (this.#loop) {
      lane.source.loop = true;
      lane.source.loopStart = this.#loop.start;
      lane.source.loopEnd = this.#loop.end;
    }
    lane.source.connect(lane.gain);
    const run = this.#run;
    lane.source.onended = () => {
      lane.source = null;
      if (run === this.#run && this.lanes.every((other) => !other?.source)) this.#ended();
    };
    lane.source.start(when, Math.min(offset, lane.buffer.duration));
  }

  #stopSources() {
    this.#run += 1;
    for (const lane of this.lanes) {
      if (!lane?.source) continue;
      lane.source.stop();
      lane.source.disconnect();
      lane.gain.disconnect();
      lane.source = lane.gain = null;
    }
  }

  #applyGains() {
    const now = this.#context?.currentTime ?? 0;
    this.lanes.forEach((lane, index) => {
      if (!lane?.gain) return;
      const { gain } = lane.gain;
      gain.cancelScheduledValues(now);
      gain.setValueAtTime(gain.value, now);
      gain.linearRampToValueAtTime(index === this.live ? 1 : 0, now + SWITCH_S);
    });
    this.#changed();
  }

  #ended() {
    this.#offset = 0;
    if (this.isPlaying && this.isRepeating) this.#startSources();
    else {
      this.isPlaying = false;
      this.#changed();
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
