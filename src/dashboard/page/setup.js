// @ts-check
/** Adding a camera: what its address gives, and the lines that make it one of Orion's. */
/// <reference lib="dom" />
import { useState } from "preact/hooks";
import { probe } from "./api.js";
import { CopyBlock } from "./copy_block.js";
import { html } from "./html.js";
import { durationText, rateText } from "./words.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./api.js").Setup} Setup
 * @typedef {{ setup: Setup, url: string }} Answer  with the address, which the server does not repeat
 */

/** Keyframes further apart than this delay the first picture after a restart; the same limit as `orion init`. */
const LONG_GOP_SECONDS = 4.5;

/** @param {{ store: Store }} props */
export function AddCamera({ store }) {
  const [answer, setAnswer] = useState(/** @type {Answer | null} */ (null));
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const [isLooking, setLooking] = useState(false);
  const look = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    const fields = new FormData(event.target);
    const [url, id] = [textOf(fields.get("url")), textOf(fields.get("id"))];
    setLooking(true);
    setProblem(null);
    setAnswer(null);
    try {
      setAnswer({ url, setup: await probe(id === "" ? { url } : { url, id }) });
    } catch (error) {
      setProblem(store.failed(error));
    } finally {
      setLooking(false);
    }
  };
  return html`
    <form class="probe" onSubmit=${look}>
      <label class="address"><span>Address of the camera</span>
          <input type="text" name="url" required maxlength="4096" autocomplete="off"
            autocapitalize="off" spellcheck=${false}
            placeholder="rtsp://user:password@192.0.2.10:554/stream1" /></label>
      <label><span>Name it</span>
          <input type="text" name="id" pattern="[a-z0-9\\-]{1,64}" autocomplete="off"
            autocapitalize="off" spellcheck=${false} placeholder="gate"
            title="1 to 64 of the characters a to z, 0 to 9 and -" /></label>
      <button class="button primary" type="submit" disabled=${isLooking}>Look at it</button>
    </form>
    <p class="sub" role="status">${isLooking
      ? "Opening the stream, and measuring it: up to half a minute…"
      : ""}</p>
    <p class="problem" role="alert">${problem}</p>
    ${answer !== null && html`<${Found} ...${answer} />`}
  `;
}

/** @param {FormDataEntryValue | null} value */
function textOf(value) {
  return typeof value === "string" ? value.trim() : "";
}

/** @param {Answer} props */
function Found({ setup, url }) {
  const { stream, picture, problem, yaml, variable, file, commands, address, flags } = setup;
  return html`
    <section class="found" aria-label="What was found">
      <div class="seen">
          ${picture !== null &&
            html`<img src=${`data:image/jpeg;base64,${picture}`} alt=${`First picture of ${address}`} />`}
          ${stream !== null && html`<${Stream} stream=${stream} />`}
          ${problem !== null &&
            html`
              <p class="reason"><strong>${problem.message}.</strong> ${problem.remedy}
                <code>${problem.code}</code></p>
            `}
        </div>
      <ol>
        ${flags.length > 0 && html`
          <li>
            <p>To look at it before, run this and paste the address.</p>
            <pre tabindex="0">${commands.probe}</pre>
          </li>
        `}
        <li>
          <p>Add these lines to ${file === null
            ? html`a file <code>orion.yaml</code>`
            : html`<code>${file}</code>, below the other items of <code>cameras</code>`}.</p>
          <${CopyBlock} label="for the configuration" text=${yaml} name="setup" />
        </li>
        ${variable !== null && html`
          <li>
            <p>The address has a path or a password in it, so it stays out of the file: put it into the
              environment that Orion starts in.</p>
            <${CopyBlock} label="for a shell" text=${`export ${variable}=${quoted(url)}\n`}
              name="variable" copies="Copy line" />
          </li>
        `}
        <li>
          <p>Check it, and start again: the start gives the process the permission to connect
            to${" "}<code>${address}</code>${flags.length > 0 &&
              html`, ${" "}<code>${flags.join(" ")}</code>`}.</p>
          <pre tabindex="0">${commands.check} && ${commands.run}</pre>
        </li>
      </ol>
    </section>
  `;
}

/** @param {{ stream: NonNullable<Setup["stream"]> }} props */
function Stream({ stream }) {
  const { codec, width, height, fps, keyframeIntervalSeconds, transport, track, tracks } = stream;
  const others = tracks.filter(({ index }) => index !== track?.index);
  const isLong = keyframeIntervalSeconds !== null && keyframeIntervalSeconds > LONG_GOP_SECONDS;
  return html`
    <dl class="facts-list">
      <dt>Codec</dt><dd>${codec.toUpperCase().replace("H26", "H.26")}</dd>
      <dt>Size</dt><dd>${width} × ${height}</dd>
      <dt>Rate</dt><dd>${fps === null ? "not known" : `${rateText(fps)} pictures/s`}</dd>
      <dt>Keyframes</dt>
      <dd>${keyframeIntervalSeconds === null
        ? "fewer than two came"
        : `every ${durationText(keyframeIntervalSeconds)}`}${isLong && html`
        <span
          class="sub">set a shorter interval (GOP, I-frame interval) in the camera: decoding begins at one</span>
      `}</dd>
      <dt>Transport</dt><dd>${transport.toUpperCase()}</dd>
      ${others.length > 0 && html`
        <dt>Other tracks</dt>
        <dd>${others.map(trackText).join(", ")}</dd>
      `}
    </dl>
  `;
}

/** @param {NonNullable<Setup["stream"]>["tracks"][number]} track */
function trackText({ index, kind, encoding }) {
  return encoding === null ? `${index} ${kind}` : `${index} ${kind} ${encoding}`;
}

/**
 * A text as a shell takes it, whatever is in it.
 * @param {string} text
 */
function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
