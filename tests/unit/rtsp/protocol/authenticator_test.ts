import fc from "fast-check";
import assert from "node:assert/strict";
import { hasControlCharacters } from "../../../../src/core/control_characters.ts";
import { Authenticator, selectChallenge } from "../../../../src/rtsp/protocol/authenticator.ts";
import { parseChallenges } from "../../../../src/rtsp/protocol/challenges.ts";

const URI = "rtsp://cam.lan/stream";

function authenticator(username: string, password: string, ...tokens: string[]): Authenticator {
  return new Authenticator({ username, password, randomToken: () => tokens.shift() ?? "token" });
}

function isNew(authenticator: Authenticator, ...headers: string[]): boolean {
  const outcome = authenticator.acceptChallenge(headers);
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.isNew;
}

function refusal(...headers: string[]): string {
  const outcome = authenticator("u", "p").acceptChallenge(headers);
  assert.ok(!outcome.ok);
  return outcome.reason;
}

/** The parameters of an `Authorization` header. */
function parametersOf(header: string | null): Record<string, string> {
  const [challenge] = parseChallenges([header ?? ""]);
  const parameters = [...challenge?.parameters ?? []];
  return Object.fromEntries(parameters.map(([name, { value }]) => [name, value]));
}

/** The examples of the RFCs. */
const EXAMPLES = [
  {
    source: "RFC 2617 3.5",
    password: "Circle Of Life",
    cnonce: "0a4f113b",
    challenge: 'Digest realm="testrealm@host.com", qop="auth,auth-int", ' +
      'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    response: "6629fae49393a05397450978507c4ef1",
  },
  {
    source: "RFC 2069 2.4 (its erratum 749), without qop",
    password: "CircleOfLife",
    cnonce: "",
    challenge: 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
    response: "1949323746fe6a43ef61f9606e7febea",
  },
  {
    source: "RFC 7616 3.9.1 with MD5",
    password: "Circle of Life",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    challenge: 'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, ' +
      'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    response: "8ca523f5e9506fed4657c9700eebdbec",
  },
  {
    source: "RFC 7616 3.9.1 with SHA-256",
    password: "Circle of Life",
    cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    challenge: 'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, ' +
      'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    response: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
  },
];

for (const { source, password, cnonce, challenge, response } of EXAMPLES) {
  Deno.test(`rtsp: Digest computes the response of ${source}`, () => {
    const login = authenticator("Mufasa", password, cnonce);
    assert.equal(login.authorization("GET", "/dir/index.html"), null);
    assert.equal(isNew(login, challenge), true);
    const header = login.authorization("GET", "/dir/index.html") ?? "";
    const sent = parametersOf(header);
    const asked = parametersOf(challenge);
    assert.equal(sent["response"], response);
    for (const name of ["realm", "nonce", "opaque", "algorithm"]) {
      assert.equal(sent[name], asked[name], name);
    }
    assert.equal(sent["username"], "Mufasa");
    assert.equal(sent["uri"], "/dir/index.html");
    assert.equal(/qop=auth, nc=00000001, cnonce="/.test(header), cnonce !== "");
    assert.ok(!header.includes("Circle"));
  });
}

Deno.test("rtsp: Digest with MD5-sess and UTF-8 includes both nonces in A1", () => {
  const login = authenticator("ü", "pä:ss", "c1");
  isNew(login, 'Digest realm=cam, nonce=n1, qop=auth, algorithm="MD5-sess"');
  assert.equal(
    parametersOf(login.authorization("PLAY", "rtsp://c/"))["response"],
    "84ddeda3ba05c401cd5985aefbda004c",
  );
});

Deno.test("rtsp: Basic encodes the user and the password in UTF-8", () => {
  const login = authenticator("admin", "pä:ss");
  isNew(login, 'Basic realm="cam"');
  const header = login.authorization("DESCRIBE", URI) ?? "";
  assert.ok(header.startsWith("Basic "));
  const bytes = Uint8Array.fromBase64(header.slice("Basic ".length));
  assert.equal(new TextDecoder().decode(bytes), "admin:pä:ss");
});

Deno.test("rtsp: an empty password is sent", () => {
  const login = authenticator("admin", "");
  isNew(login, 'Basic realm="cam"');
  assert.equal(login.authorization("DESCRIBE", URI), "Basic YWRtaW46");
});

/** Challenges as cameras write them: each has a realm and a nonce. */
const CHALLENGES: readonly string[] = [
  'Digest realm="IP Cam, Hall", nonce="4a:b,c="',
  'digest realm="IP Cam, Hall",nonce="4a:b,c=",stale=FALSE',
  'DIGEST  nonce = "4a:b,c=" , realm = "IP Cam, Hall" ,',
  'Digest realm="IP Cam, Hall" nonce="4a:b,c=" algorithm=MD5',
  'Digest realm="IP Cam, Hall", stale, nonce="4a:b,c=", qop="auth" junk',
  'Digest realm="IP Cam, Hall", nonce="4a:b,c=',
  'Basic realm="other", Digest realm="IP Cam, Hall", nonce="4a:b,c="',
  'Digest realm="IP Cam, Hall", nonce="4a:b,c=", Basic realm="other"',
  'Digest ,, ;realm="IP Cam, Hall"; nonce="4a:b,c="; realm="second"',
];

for (const text of CHALLENGES) {
  Deno.test(`rtsp: a challenge is parsed from ${text}`, () => {
    const chosen = selectChallenge(parseChallenges([text]));
    assert.ok(chosen.ok && chosen.challenge.kind === "digest");
    assert.equal(chosen.challenge.realm.value, "IP Cam, Hall");
    assert.equal(chosen.challenge.nonce.value, "4a:b,c=");
  });
}

Deno.test("rtsp: unquoted values end at a comma or before the next parameter", () => {
  const [challenge] = parseChallenges(["Digest realm=IP Camera, nonce=abc/=+ algorithm=MD5"]);
  const values = [...challenge?.parameters ?? []].map(([name, { value }]) => [name, value]);
  assert.deepEqual(values, [["realm", "IP Camera"], ["nonce", "abc/=+"], ["algorithm", "MD5"]]);
});

Deno.test("rtsp: a missing realm counts as empty", () => {
  const login = authenticator("u", "p");
  isNew(login, 'Digest nonce="n"');
  assert.equal(parametersOf(login.authorization("PLAY", URI))["realm"], "");
});

Deno.test("rtsp: escapes of the realm are hashed unescaped and sent as written", () => {
  const login = authenticator("u", "p");
  const plain = authenticator("u", "p");
  isNew(login, 'Digest realm="a \\"b\\" \\c", nonce="n"');
  isNew(plain, 'Digest realm=a "b" \\c, nonce="n"');
  const header = login.authorization("PLAY", URI) ?? "";
  assert.ok(header.includes('realm="a \\"b\\" \\c"'), header);
  assert.equal(
    parametersOf(header)["response"],
    parametersOf(plain.authorization("PLAY", URI))["response"],
  );
});

Deno.test("rtsp: the strongest supported challenge is answered", () => {
  const basic = 'Basic realm="b"';
  const md5 = 'Digest realm="r", nonce="m"';
  const sha256 = 'Digest realm="r", nonce="s", algorithm=SHA-256';
  const unknown = 'Digest realm="r", nonce="x", algorithm=SHA-512-256';
  const algorithm = (...headers: string[]) => {
    const chosen = selectChallenge(parseChallenges(headers));
    assert.ok(chosen.ok);
    return chosen.challenge.kind === "basic" ? "basic" : chosen.challenge.hash;
  };
  assert.equal(algorithm(basic, md5, sha256), "sha256");
  assert.equal(algorithm(`${sha256}, ${md5}, ${basic}`), "sha256");
  assert.equal(algorithm(basic, md5), "md5");
  assert.equal(algorithm(unknown, md5), "md5");
  assert.equal(algorithm("NTLM", basic), "basic");
});

Deno.test("rtsp: an unsupported challenge is rejected with a reason", () => {
  const digest = 'Digest realm="r", nonce="n"';
  assert.equal(refusal(`${digest}, algorithm=SHA-512-256`), "unknown-algorithm");
  assert.equal(refusal(`${digest}, qop="auth-int"`), "auth-int");
  assert.equal(refusal(`${digest}, qop="auth-conf"`), "unknown-qop");
  assert.equal(refusal('Digest realm="r"'), "no-nonce");
  assert.equal(refusal("Negotiate"), "unknown-scheme");
  assert.equal(refusal(""), "no-challenge");
  assert.equal(refusal(), "no-challenge");
});

Deno.test("rtsp: Basic beside an unsupported Digest is rejected", () => {
  const unknown = 'Digest realm="r", nonce="n", algorithm=SHA-512-256';
  assert.equal(refusal('Basic realm="r"', unknown), "unknown-algorithm");
  assert.equal(refusal('Digest realm="r", nonce="n", qop=auth-int, Basic realm="r"'), "auth-int");
});

Deno.test("rtsp: a weaker challenge than an earlier one is rejected", () => {
  const login = authenticator("u", "p");
  isNew(login, 'Digest realm="r", nonce="s", algorithm=SHA-256');
  const before = login.authorization("PLAY", URI) ?? "";
  for (const weaker of ['Digest realm="r", nonce="m"', 'Basic realm="r"']) {
    const outcome = login.acceptChallenge([weaker]);
    assert.ok(!outcome.ok);
    assert.equal(outcome.reason, "downgrade");
  }
  const after = login.authorization("PLAY", URI) ?? "";
  assert.equal(parametersOf(after)["algorithm"], "SHA-256");
  assert.equal(parametersOf(after)["nonce"], parametersOf(before)["nonce"]);
});

Deno.test("rtsp: a stronger challenge is answered, and weaker ones no longer", () => {
  const login = authenticator("u", "p");
  isNew(login, 'Basic realm="r"');
  login.authorization("PLAY", URI);
  assert.equal(isNew(login, 'Digest realm="r", nonce="n"'), true);
  assert.equal(login.acceptChallenge(['Basic realm="r"']).ok, false);
});

Deno.test("rtsp: the nonce count increments with each request and restarts with a new nonce", () => {
  const login = authenticator("u", "p", "c1", "c2");
  const count = () => {
    const { nc, cnonce } = parametersOf(login.authorization("PLAY", URI));
    return `${nc} ${cnonce}`;
  };
  isNew(login, 'Digest realm="r", nonce="n1", qop="auth"');
  assert.equal(count(), "00000001 c1");
  assert.equal(count(), "00000002 c1");
  isNew(login, 'Digest realm="r", nonce="n1", qop="auth", stale=true');
  assert.equal(count(), "00000003 c1");
  isNew(login, 'Digest realm="r", nonce="n2", qop="auth"');
  assert.equal(count(), "00000001 c2");
});

Deno.test("rtsp: a stale nonce is retried, a wrong password is not", () => {
  const nonce = (name: string) => `Digest realm="r", nonce="${name}"`;
  const fresh = authenticator("u", "p");
  assert.equal(isNew(fresh, nonce("n1")), true);
  fresh.authorization("DESCRIBE", URI);
  // Refused at its first use: live555 sends a new nonce with each 401, which is no stale nonce.
  assert.equal(isNew(fresh, nonce("n2")), false);
  assert.equal(isNew(fresh, nonce("n3")), true, "n2 was not answered");
  fresh.authorization("DESCRIBE", URI);
  assert.equal(isNew(fresh, nonce("n3")), false, "the same again");
  assert.equal(isNew(fresh), false, "a bare 401");

  const served = authenticator("u", "p");
  isNew(served, nonce("n1"));
  served.authorization("DESCRIBE", URI);
  assert.equal(isNew(served, `${nonce("n2")}, stale="TRUE"`), true);
  served.authorization("DESCRIBE", URI);
  served.authorization("SETUP", URI);
  // Accepted once, so the nonce has expired: many cameras omit stale, or send stale=FALSE.
  assert.equal(isNew(served, `${nonce("n3")}, stale="FALSE"`), true);

  const basic = authenticator("u", "p");
  assert.equal(isNew(basic, 'Basic realm="r"'), true);
  basic.authorization("DESCRIBE", URI);
  assert.equal(isNew(basic, 'Basic realm="r"'), false);
});

Deno.test("rtsp: no string, JSON or inspection of an authenticator shows the credentials", () => {
  const login = authenticator("hidden-user", "hidden-password");
  isNew(login, 'Digest realm="r", nonce="n"');
  const shown = [String(login), JSON.stringify({ login }), Deno.inspect(login, { depth: 9 })];
  assert.ok(!shown.join().includes("hidden"), shown.join());
});

Deno.test("rtsp: a server's words in a rejection are short and printable", () => {
  const algorithm = `\x1b[31m${"x".repeat(500)}`;
  const outcome = authenticator("u", "p").acceptChallenge([
    `Digest realm="r", nonce="n", algorithm="${algorithm}"`,
  ]);
  assert.ok(!outcome.ok && outcome.detail.length < 120);
  assert.ok(!hasControlCharacters(outcome.detail));
});

Deno.test("rtsp: realm, nonce and user round-trip, whatever characters they have", () => {
  const text = fc.string({ maxLength: 30, unit: "grapheme-ascii" });
  fc.assert(fc.property(text, text, text, (username, realm, nonce) => {
    const quoted = (value: string) => value.replace(/["\\]/g, "\\$&");
    const login = authenticator(username, "p");
    isNew(login, `Digest realm="${quoted(realm)}", nonce="${quoted(nonce)}"`);
    const sent = parametersOf(login.authorization("PLAY", URI));
    assert.deepEqual([sent["username"], sent["realm"], sent["nonce"]], [username, realm, nonce]);
  }));
});
