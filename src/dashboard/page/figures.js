// @ts-check
/** What became of every frame, how late results are, and how the process does. */
/// <reference lib="dom" />
import { useEffect, useMemo, useState } from "preact/hooks";
import { readProcess } from "./api.js";
import { html } from "./html.js";
import { KEPT_MS, OUTCOMES } from "./history.js";
import { LatencyPlot, LedgerPlot } from "./plot.js";
import {
  bytesText,
  durationText,
  levelWords,
  percentText,
  rateText,
  stateWord,
  timeText,
} from "./words.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Camera} Camera
 * @typedef {import("./history.js").Mailbox} Mailbox
 * @typedef {import("./api.js").Status} Status
 */

const PROCESS_MS = 10_000;
const FRACTIONS = [0.5, 0.9, 0.99];
/** Below this share of the possible rate something is slow. */
const RATE_SLACK = 0.9;

/** @param {{ store: Store }} props */
export function Figures({ store }) {
  const { status } = store;
  if (status === null) return null;
  return html`
    <section class="view figures" aria-labelledby="view-title">
      <header class="view-head">
        <h1 id="view-title">Figures</h1>
        <p class="sub">the last ${KEPT_MS / 60_000} minutes, as far as this page was open</p>
      </header>
      <p
        class="plan">Orion looks at the newest picture and lets the others go. At 5 of 25 pictures a second,
          80 % dropped is the plan: what counts is that the rate asked for is reached, and that results are
          not late.</p>
      <div class="flows">
          ${status.cameras.flatMap((camera) =>
            camera.ledger.detectors.map((mailbox) =>
              html`<${Flow} key=${`${camera.id}/${mailbox.detector}`} ...${{
                store,
                camera,
                mailbox,
              }} />`
            )
          )}
        </div>
      <div class="cards">
        <${Process} status=${status} />
        <${Messages} status=${status} />
        <${Workers} status=${status} />
        <${Cameras} status=${status} />
      </div>
    </section>
  `;
}

/**
 * @param {{
 *   caption: string,
 *   columns: readonly string[],
 *   name?: string,
 *   children?: import("preact").ComponentChildren,
 * }} props  the children are its rows
 */
function Table({ caption, columns, name, children }) {
  return html`
    <table class=${name}>
      <caption class="hidden">${caption}</caption>
      <thead>
        <tr>${columns.map((column) => html`<th key=${column} scope="col">${column}</th>`)}</tr>
      </thead>
      <tbody>${children}</tbody>
    </table>
  `;
}

/** @param {{ store: Store, camera: Camera, mailbox: Mailbox }} props */
function Flow({ store, camera, mailbox }) {
  const { detector } = mailbox;
  // New figures come with a report, not with each event.
  const time = store.status?.time;
  const series = useMemo(
    () => store.history.series(camera.id, detector),
    [store, camera.id, detector, time],
  );
  const recent = store.history.recent(camera.id, detector);
  const latency = store.history.latency(camera.id, detector, FRACTIONS);
  const latencyText = latency === null
    ? "no inference seen yet"
    : `${latency.values.map((ms) => Math.round(ms)).join(" / ")} ms`;
  const says = sentence(camera, mailbox, recent?.rates ?? null);
  const total = recent?.rates.reduce((sum, rate) => sum + rate, 0) ?? 0;
  return html`
    <section class="card flow" aria-label=${`${camera.id}, ${detector}`}>
      <h2>${camera.id} <span class="sub">${detector}</span></h2>
      <p class=${says.isGood ? "says good" : "says bad"}>${says.text}</p>
      <${LedgerPlot} series=${series}
        label=${`Pictures a second of ${camera.id} by what became of them. ${says.text}`} />
      <${Table} caption="What became of the pictures of the last seconds" name="legend"
        columns=${["Pictures", "a second", "share"]}>${OUTCOMES.map(([key, name, means], index) => {
          const rate = recent?.rates[index] ?? 0;
          if (index > 0 && rate === 0) return null;
          return html`
            <tr key=${key} title=${means}>
              <th scope="row"><i class=${`swatch ${key}`}></i>${name}<span class="sub">${means}</span></th>
              <td>${rate.toFixed(1)}</td>
              <td>${percentText(total === 0 ? 0 : rate / total)}</td>
            </tr>
          `;
        })}</${Table}>
      ${mailbox.rateHz !== null &&
        html`<p class="sub key"><i class="dash asked"></i>asked for: ${
          rateText(mailbox.rateHz)
        } a second</p>`}
      <${LatencyPlot} series=${series} label=${`Latency of ${camera.id}: ${latencyText}`} />
      <p class="sub key"><span><i class="dash p50"></i>half of the results are faster</span>
        <span><i class="dash p95"></i>95 % are; in ms</span></p>
      <dl class="facts-list">
        <dt>Latency</dt>
        <dd>${latencyText}<span class="sub">50, 90, 99 % of ${latency?.count ??
          0} results, from the last packet of the
              picture to the broker's client</span></dd>
        <dt>Decoded</dt>
        <dd>${levelWords(camera.decodeLevel)}<span class="sub">${recent === null
          ? ""
          : `${percentText(recent.decodeShare)} of a core`}</span></dd>
        <dt>Keyframes</dt>
        <dd>${camera.keyframeIntervalSeconds === null
          ? "not known yet"
          : `every ${durationText(camera.keyframeIntervalSeconds)}`}</dd>
      </dl>
    </section>
  `;
}

/**
 * Whether all is well with a camera and a detector, in one sentence.
 * @param {Camera} camera
 * @param {Mailbox} mailbox
 * @param {readonly number[] | null} rates
 */
function sentence(camera, { paused, rateHz }, rates) {
  if (camera.state !== "online") {
    return {
      isGood: false,
      text: `The camera is ${stateWord(camera.state).toLowerCase()}: no pictures arrive.`,
    };
  }
  if (paused) {
    return { isGood: true, text: "Detection is paused: pictures arrive, and none is looked at." };
  }
  if (rates === null) return { isGood: true, text: "Measuring…" };
  const looked = rates[0] ?? 0;
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  const possible = rateHz === null ? total : Math.min(rateHz, total);
  const asked = rateHz === null ? "as many as it can" : `${rateText(rateHz)} asked for`;
  const dropped = total === 0 ? 0 : 1 - looked / total;
  const text = `Looks at ${rateText(looked)} of ${rateText(total)} pictures a second, ${asked}; ` +
    `${percentText(dropped)} are let go.`;
  if (rateHz === null || looked >= RATE_SLACK * possible) return { isGood: true, text };
  return {
    isGood: false,
    text: `${text} That is slower than asked: lower the rate, or give the detector more workers.`,
  };
}

/** @param {{ status: Status }} props */
function Process({ status }) {
  const [figures, setFigures] = useState(
    /** @type {{ residentBytes: number, cpuShare: number | null } | null} */ (null),
  );
  useEffect(() => {
    /** @type {{ atMs: number, cpuSeconds: number } | null} */
    let before = null;
    const load = async () => {
      if (document.hidden) return;
      try {
        const now = await readProcess();
        if (now === null) return;
        const atMs = performance.now();
        const cpuShare = before === null
          ? null
          : (now.cpuSeconds - before.cpuSeconds) / ((atMs - before.atMs) / 1000);
        before = { atMs, cpuSeconds: now.cpuSeconds };
        setFigures({ residentBytes: now.residentBytes, cpuShare });
      } catch (error) {
        // The banner says that there is no answer; without a login the store asks for one.
        if (!(error instanceof Error)) throw error;
      }
    };
    void load();
    const timer = setInterval(() => void load(), PROCESS_MS);
    return () => clearInterval(timer);
  }, []);
  const { confinement } = status;
  return html`
    <section class="card">
      <h2>Process</h2>
      <dl class="facts-list">
        <dt>Version</dt><dd>${status.version}</dd>
        <dt>Up</dt><dd>${durationText(status.uptimeSeconds)}</dd>
        <dt>Memory</dt><dd>${figures === null ? "…" : bytesText(figures.residentBytes)}</dd>
        <dt>Processor</dt><dd>${figures?.cpuShare === null || figures?.cpuShare === undefined
          ? "measuring…"
          : `${figures.cpuShare.toFixed(2)} cores`}</dd>
        <dt>Kernel wall</dt><dd>${confinement.abi === 0
          ? "none: the kernel has no Landlock"
          : `Landlock ${confinement.abi}`}<span class="sub">${confinement.landlock}</span></dd>
        ${status.threadsAbandoned > 0 && html`
          <dt>Hung threads</dt>
          <dd class="bad">${status.threadsAbandoned}</dd>
        `}
      </dl>
    </section>
  `;
}

/** @param {{ status: Status }} props */
function Messages({ status: { broker } }) {
  const problem = broker.error ?? broker.problem;
  return html`<section class="card"><h2>Broker and outbox</h2>
    <p class=${broker.connected && problem === null ? "says good" : "says bad"}>${
    broker.connected ? "Connected" : "Not connected"
  } since ${timeText(broker.since)}${broker.embedded ? ", built in" : ""}</p>
    ${
    problem !== null &&
    html`<p class="reason"><strong>${problem.message}</strong> ${problem.remedy}</p>`
  }
    <p class="sub"><code>${broker.url}</code></p>
    <${Table} caption="Messages by kind"
      columns=${["Messages", "sent", "waiting", "discarded"]}>${
    Object.entries(broker.messages).map(([kind, { published, waiting, discarded }]) =>
      html`
        <tr key=${kind}>
          <th scope="row">${kind}</th>
          <td>${published}</td>
          <td>${waiting}</td>
          <td>${Object.values(discarded).reduce((sum, count) => sum + count, 0)}</td>
        </tr>
      `
    )
  }</${Table}>
  </section>`;
}

/** @param {{ status: Status }} props */
function Workers({ status: { workers } }) {
  return html`
    <section class="card">
      <h2>Workers</h2>
      <${Table} caption="Workers of the detectors"
        columns=${["Worker", "state", "restarts", "inference"]}>${workers.map((
          { id, state, restarts, avgLatencyMs, error, problem },
        ) =>
          html`
            <tr key=${id}>
              <th scope="row">${id}</th>
              <td class=${state === "ready" && problem === null
                ? ""
                : "bad"} title=${(error ?? problem)?.message ?? ""}>${state}</td>
              <td>${restarts}</td>
              <td>${avgLatencyMs === null ? "–" : `${avgLatencyMs.toFixed(0)} ms`}</td>
            </tr>
          `
        )}</${Table}>
    </section>
  `;
}

/** @param {{ status: Status }} props */
function Cameras({ status: { cameras } }) {
  return html`
    <section class="card">
      <h2>Cameras</h2>
      <${Table} caption="Connections of the cameras"
        columns=${["Camera", "state", "reconnects", "restarts", "lost packets"]}>${cameras.map((
          { id, state, reconnects, restarts, network },
        ) =>
          html`
            <tr key=${id}>
              <th scope="row">${id}</th>
              <td class=${state === "online" ? "" : "bad"}>${stateWord(state).toLowerCase()}</td>
              <td>${reconnects}</td>
              <td>${restarts}</td>
              <td>${network?.lostPackets ?? "–"}</td>
            </tr>
          `
        )}</${Table}>
    </section>
  `;
}
