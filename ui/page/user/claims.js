const longestName = 60;
const time = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' });
const dateAndTime = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

/**
 * What an access token says of its user, as { name, subject, endsAt }; null if it is no JWT. It is for people to read: only
 * the server can tell whether any of it is true.
 */
export function claimsOf(token) {
  const claims = payloadOf(token);
  if (typeof claims?.sub !== 'string') return null;
  const name = [claims.name, claims.preferred_username, claims.email].find((text) => typeof text === 'string' && text.trim() !== '');
  return {
    subject: short(claims.sub),
    name: name === undefined ? null : short(name),
    endsAt: Number.isFinite(claims.exp) ? new Date(claims.exp * 1000) : null,
  };
}

/** A time as a person reads it: with its date, if that is not today's. */
export function timeOf(date) {
  return (date.toDateString() === new Date().toDateString() ? time : dateAndTime).format(date);
}

function payloadOf(token) {
  try {
    const text = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (character) => character.charCodeAt(0))));
  } catch {
    return null;
  }
}

function short(text) {
  return text.length > longestName ? `${text.slice(0, longestName)}…` : text;
}
