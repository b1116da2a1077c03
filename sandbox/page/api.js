// The control API, as the page uses it.

export class Refused extends Error {}

async function request(method, path, body, signal) {
  const response = await fetch(`/_control/${path}`, {
    method,
    signal,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const result = await response.json();
  if (!response.ok) throw new Refused(result.detail ?? `Answer ${response.status}`);
  return result;
}

export const get = (path, signal) => request('GET', path, undefined, signal);
export const post = (path, body = {}) => request('POST', path, body);
export const remove = (path) => request('DELETE', path);
export const act = (person, verb, body = {}) => post(`people/${person.id}/${verb}`, body);
