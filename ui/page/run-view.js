import { ColumnChart } from './charts/column-chart.js';
import { RateChart } from './charts/rate-chart.js';
import { LiveRun } from './live/live-run.js';
import { Results } from './results.js';
import { Run } from './run.js';
import { Status } from './status.js';
import { showResults } from './views.js';

// How often what is seen follows what has come.
const paintMs = 200;

const at = (id) => document.getElementById(id);

/** What is seen of a run: how it goes, its rows and its charts; and the buttons with which a person holds it up. */
export class RunView {
  #run = null;
  #status = new Status();
  #results = new Results();
  #rateChart = new RateChart(at('rate-chart'));
  #columnChart = new ColumnChart(at('column-chart'), at('column'), at('column-over'));

  constructor() {
    at('pause').addEventListener('click', () => {
      if (this.#run.isPaused) this.#run.resume();
      else this.#run.pause();
      this.#paint();
    });
    at('cut').addEventListener('click', () => this.#run.cut());
    at('stop').addEventListener('click', () => this.#run.stop());
    // A page that is kept for the back button would keep its connection, and the server its query.
    addEventListener('pagehide', () => this.#run?.stop());
  }

  /** Reads a sentence aloud. */
  say(text) {
    this.#status.say(text);
  }

  /** Starts a run in place of the one before, and shows it to its end; gives why it failed, if it did and is still shown. */
  async show(source, url, isLive) {
    this.#run?.stop();
    const isShown = () => mine === this.#run;
    const mine = isLive ? new LiveRun(source, url, (step) => isShown() && this.#results.take(step)) : new Run(source, url);
    this.#begin(mine);
    let isFirst = true;
    const reading = mine.read(() => {
      // Soon, and not within the task that reads.
      if (isFirst) setTimeout(() => isShown() && this.#paint());
      isFirst = false;
    });
    this.#paint();
    const painting = setInterval(() => isShown() && this.#paint(), paintMs);
    await reading;
    clearInterval(painting);
    if (!isShown()) return null;
    this.#paint();
    this.#rateChart.end(mine.seconds, mine.store.count > 0);
    this.#columnChart.end();
    return mine.failure;
  }

  #begin(run) {
    this.#run = run;
    this.#results.begin(run);
    this.#columnChart.begin(run.store, run.source);
    this.#rateChart.begin(run.isLive ? 'changes' : 'rows');
    this.#status.begin(run);
    showResults('queries');
  }

  #paint() {
    const run = this.#run;
    const rate = this.#status.show(run);
    this.#results.update();
    this.#columnChart.update(run.columns);
    if (!run.isPaused && !run.isOver) this.#rateChart.add(run.seconds, rate);
    at('pause').textContent = run.isPaused ? 'Go on' : 'Pause';
    at('pause').disabled = run.isOver;
    at('stop').disabled = run.isOver;
    at('cut').disabled = run.isOver || run.isPaused;
  }
}
