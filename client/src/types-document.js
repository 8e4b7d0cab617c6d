const FILE = 'openapi.json';

/**
 * Asks an API for its description.
 *
 * @param url The address of the API, or of the description itself.
 * @param key The function key, or undefined.
 * @throws {Error} It can't be had; the message says why.
 */
export async function describe(url, key) {
  const address = addressOf(url);
  let response;
  try {
    response = await fetch(address, { headers: key === undefined ? {} : { 'x-functions-key': key } });
  } catch (failure) {
    throw new Error(`${address} can't be reached: ${failure.cause?.message || failure.message}`);
  }

  if (!response.ok) throw new Error(`${address} answered ${response.status}${await detailOf(response)}`);
  const document = await response.json().catch(() => null);
  if (!document?.openapi?.startsWith('3.') || !document.paths)
    throw new Error(`${address} is no description of an API: is this the address of the API, with its /api?`);
  return document;
}

function addressOf(url) {
  if (!URL.canParse(url)) throw new Error(`'${url}' is no address: give one such as http://localhost:7071/api.`);
  const address = new URL(url);
  if (!address.pathname.endsWith(`/${FILE}`)) address.pathname = `${address.pathname.replace(/\/+$/, '')}/${FILE}`;
  return address.href;
}

async function detailOf(response) {
  const problem = await response.json().catch(() => null);
  if (problem?.detail) return `: ${problem.detail}`;
  return response.status === 401 ? ': give the function key with --key, or as CHUNKSTREAM_KEY.' : '';
}
