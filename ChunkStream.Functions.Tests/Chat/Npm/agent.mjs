// Agents of AG-UI on two instances. Prints a line for each thing that the test waits for, and what all have got.
import { once } from 'node:events';
import { HttpAgent } from '@ag-ui/client';

const { URLS, THREAD } = process.env;
const [one, other] = URLS.split(' ');
const question = { id: 'question', role: 'user', content: 'Count' };

function run(url) {
  const agent = new HttpAgent({ url, threadId: THREAD, initialMessages: [question] });
  const seen = { text: '', end: '' };
  let begun;
  const said = new Promise((resolve) => (begun = resolve));
  const ended = agent.runAgent({}, {
    onTextMessageContentEvent: ({ event }) => { seen.text += event.delta; begun(); },
    onRunFinishedEvent: ({ outcome }) => { seen.end = outcome; },
    onRunErrorEvent: ({ event }) => { seen.end = `${event.code}: ${event.message}`; },
  }).then(
    ({ newMessages }) => ({ ...seen, messages: newMessages }),
    (error) => ({ ...seen, error: String(error) }));
  return { agent, said, ended };
}

const tab = run(one);
await tab.said;
const second = run(other);
await second.said;
// A reload: the connection ends, and a new agent asks the same.
tab.agent.abortRun();
await tab.ended;
const reloaded = run(other);
await reloaded.said;
console.log('joined');
await once(process.stdin, 'data');
console.log(JSON.stringify([await second.ended, await reloaded.ended]));
process.exit();
