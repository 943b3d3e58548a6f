// Runs npm's oidc-provider for the tests: what it knows comes in as one argument, JSON. Anybody logs in by writing a name.
import Provider from "oidc-provider";

const { port, client, people } = JSON.parse(process.argv[2]);
const names = new Set(Object.values(people).flatMap(Object.keys));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  claims: { openid: ["sub"], person: [...names] },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  features: { backchannelLogout: { enabled: true } },
  // Its own keeps away from loopback addresses, where the server under test is.
  fetch: (url, { method, headers, body, signal }) => fetch(url, { method, headers, body, signal }),
});
provider.on("backchannel.error", (_context, error) => console.error(error));
provider.on("server_error", (_context, error) => console.error(error));
provider.listen(port, "127.0.0.1");
