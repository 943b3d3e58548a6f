// Puts the call's tab together. Its address and title name no patient.
import "../styles";
import { effect } from "@preact/signals";
import { render } from "preact";
import { idsOfCallPage, isJoined, staffCall } from "../protocol/addresses";
import { isStillAllowed, StaffApi } from "../protocol/rest";
import { speak, t } from "../texts";
import { App, NotHere } from "./app";
import type { GuestCommands } from "./guests";
import { CallSide } from "./side";

const api = new StaffApi();
const ids = idsOfCallPage(location.pathname);
const root = document.getElementById("app");
const speaks = speak();
effect(() => {
  document.title = `${t.call.title} – ${t.product}`;
});

if (root && ids === null) {
  await speaks;
  render(<NotHere />, root);
}
if (root && ids !== null) {
  const joins = isJoined(location.search);
  const path = staffCall(ids.clinic, ids.visit, joins);
  const side = new CallSide(joins ? "colleague" : "clinician", ids.visit, path, {
    callConfiguration: () => api.callConfiguration(ids.clinic, ids.visit),
    // The board of a clinic is there for its staff alone, and the visit on it while it is the clinic's.
    mayReturn: () =>
      isStillAllowed(
        api.board(ids.clinic).then(({ visits }) => visits.some((visit) => visit.id === ids.visit)),
      ),
    messages: api.messages(ids.clinic, ids.visit),
  });
  window.addEventListener("online", side.wake);
  // A colleague who goes ends nothing.
  const isRunning = () => !joins && !side.isClosed && side.state.value?.state === "in_call";
  // The browser asks in its own words; any text given here would not be shown.
  window.addEventListener("beforeunload", (event) => {
    if (isRunning()) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    if (isRunning()) api.sayClosing(ids.clinic, ids.visit);
  });
  void side.start();
  await speaks;
  const recording = {
    ask: () => api.askToRecord(ids.clinic, ids.visit),
    withdraw: (id: string) => api.recording(ids.clinic, ids.visit, id, "withdraw"),
    stop: (id: string) => api.recording(ids.clinic, ids.visit, id, "stop"),
  };
  const guests: GuestCommands | null = joins
    ? null
    : {
        invite: () => api.inviteGuest(ids.clinic, ids.visit),
        answer: (guest, answer) => api.answerGuest(ids.clinic, ids.visit, guest, answer),
      };
  const end = joins ? null : () => api.visit(ids.clinic, ids.visit, "end");
  render(<App side={side} recording={recording} guests={guests} end={end} />, root);
}
