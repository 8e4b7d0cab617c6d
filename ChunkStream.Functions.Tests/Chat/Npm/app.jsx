// A page with useChat, as its documentation shows it. All that it knows of the server is the address of the chat.
import { useChat } from '@ai-sdk/react';
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const id = location.hash.slice(1);

const spelled = (part) =>
  part.type === 'text' ? part.text
    : part.type === 'reasoning' ? `(${part.text})`
      : part.type.startsWith('tool-') ? `[${part.type} ${JSON.stringify(part.input)}=${JSON.stringify(part.output)}]`
        : part.type === 'step-start' ? '' : `[${part.type}]`;

function Chat() {
  const [end, setEnd] = useState('');
  const { messages, sendMessage, status, error } = useChat({
    id,
    resume: true,
    onData: (part) => part.type === 'data-end' && setEnd(part.data.outcome),
  });
  const answers = messages.filter((message) => message.role === 'assistant');
  const stop = () => fetch(
    `/api/chat/${encodeURIComponent(id)}/stream?run=${encodeURIComponent(answers.at(-1).id)}`, { method: 'DELETE' });
  return (
    <main>
      <button id="ask" onClick={() => sendMessage({ text: 'Count to 500' })}>Ask</button>
      <button id="stop" onClick={stop}>Stop</button>
      <output id="answers">{answers.length}</output>
      <output id="answer">{answers.at(-1)?.parts.map(spelled).join('')}</output>
      <output id="status">{status}</output>
      <output id="end">{end}</output>
      <output id="error">{error?.message}</output>
    </main>
  );
}

createRoot(document.querySelector('#app')).render(<StrictMode><Chat /></StrictMode>);
