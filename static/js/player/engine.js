// The player as the page uses it: the machine, with the browser's sound and files.

import { Graph } from "./graph.js";
import { Machine } from "./machine.js";
import { Tracks } from "./tracks.js";

export class Engine extends Machine {
  constructor() {
    const graph = new Graph();
    const tracks = new Tracks();
    super({ graph, tracks });
    this.graph = graph;
    this.tracks = tracks;
  }

  get context() {
    return this.graph.context;
  }

  get analyser() {
    return this.graph.analyser;
  }

  get numReady() {
    return this.tracks.numReady;
  }

  get numLanes() {
    return this.tracks.numLanes;
  }
}
