// The control API, as the page uses it.

export class Refused extends Error {}

async function ask(method, path, body, signal) {
  const answer = await fetch(`/_control/${path}`, {
    method,
    signal,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Refused(said.detail ?? `Answer ${answer.status}`);
  return said;
}

export const get = (path, signal) => ask('GET', path, undefined, signal);
export const post = (path, body = {}) => ask('POST', path, body);
export const remove = (path) => ask('DELETE', path);
export const act = (person, verb, body = {}) => post(`people/${person.id}/${verb}`, body);
