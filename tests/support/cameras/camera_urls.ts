/** Camera URLs in the forms of vendors, with credentials in every place that they use. */
import fc from "fast-check";

/** A URL and its parts. */
export interface VendorUrl {
  readonly vendor: string;
  readonly url: string;
  /** The part that may be shown. */
  readonly shown: string;
  /** The parts, as written, that must appear nowhere. */
  readonly hidden: readonly string[];
}

interface Login {
  readonly user: string;
  readonly password: string;
  readonly token: string;
}

/** Whether credentials are in the authority, and the path and query. */
type Shape = readonly [
  vendor: string,
  before: boolean,
  rest: (login: Login) => string,
  /** Parts of the path that identify the vendor's form. */
  words: readonly string[],
];

/** Names of query parameters, some of them known as those of passwords. */
const TOKEN_NAMES = ["sessionToken", "apikey", "access_token", "sid", "x-auth", "ticket", "q"];

const SHAPES: readonly Shape[] = [
  ["Hikvision", true, () => "/Streaming/Channels/101?transportmode=unicast", ["Streaming"]],
  ["Dahua", true, () => "/cam/realmonitor?channel=1&subtype=0", ["realmonitor"]],
  ["Axis", false, ({ token }) => `/axis-media/media.amp?sessionToken=${token}`, ["axis-media"]],
  [
    "Reolink",
    false,
    ({ user, password }) => `/h264Preview_01_main?user=${user}&password=${password}`,
    ["h264Preview"],
  ],
  ["Uniview", true, ({ token }) => `/unicast/c1/s0/live?apikey=${token}`, ["unicast/c1"]],
  ["Foscam", false, ({ user, password }) => `/videoMain?usr=${user}&pwd=${password}`, [
    "videoMain",
  ]],
  [
    "Amcrest",
    true,
    ({ user, password }) => `/cam/realmonitor?channel=1&authbasic=${btoa(`${user}:${password}`)}`,
    ["authbasic"],
  ],
  ["Tapo", true, ({ token }) => `/stream1/${token}`, ["stream1"]],
  [
    "XiongMai",
    false,
    ({ user, password }) => `/user=${user}_password=${password}_channel=1_stream=0.sdp?real_stream`,
    ["_channel="],
  ],
  [
    "generic",
    false,
    ({ user, password, token }) =>
      `/live/${user}/${password}/0?${TOKEN_NAMES[token.length % TOKEN_NAMES.length]}=${token}`,
    [
      "/live/",
    ],
  ],
];

/** Words that occur in no text of Orion's, joined by characters that need percent-encoding. */
const word = (mark: string) =>
  fc.tuple(
    fc.stringMatching(/^[a-z0-9]{5,9}$/),
    fc.constantFrom("", "!", "@", "/", ":", "%", "$", "é", ".", "_", "~", '"'),
    fc.stringMatching(/^[a-z0-9]{0,6}$/),
  ).map(([one, sign, two]) => `${mark}${one}${sign}${two}`);

const host = fc.constantFrom(
  ["192.0.2.10", 554],
  ["cam.lan", 8554],
  ["[2001:db8::7]", 554],
  ["nvr-2.example", 10554],
) satisfies fc.Arbitrary<readonly [string, number]>;

/** URLs in the forms of ten vendors. */
export const VENDOR_URLS: ReadonlyMap<string, fc.Arbitrary<VendorUrl>> = new Map(
  SHAPES.map((shape) => [shape[0], urlsOf(shape)]),
);

function urlsOf([vendor, before, restOf, words]: Shape): fc.Arbitrary<VendorUrl> {
  return fc.record({
    user: word("zqu"),
    password: word("zqp"),
    token: word("zqt"),
    at: host,
    scheme: fc.constantFrom("rtsp", "rtsps"),
  }).map(({ scheme, at: [name, port], ...clear }) => {
    const login = {
      user: encodeURIComponent(clear.user),
      password: encodeURIComponent(clear.password),
      token: encodeURIComponent(clear.token),
    };
    const rest = restOf(login);
    const credentials = before ? `${login.user}:${login.password}@` : "";
    const marks = ["zqu", "zqp", "zqt"];
    return {
      vendor,
      url: `${scheme}://${credentials}${name}:${port}${rest}`,
      shown: `${scheme}://${name}:${port}`,
      hidden: [...marks, ...words, rest, btoa(`${login.user}:${login.password}`)],
    };
  });
}
