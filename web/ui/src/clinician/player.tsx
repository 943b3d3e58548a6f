// Plays a recording: each participant's film in a picture of its own, all on one clock.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { FilmView, KeptRecordingView, OpenedRecording } from "../generated/wire";
import { Alert } from "../parts/alert";
import { Button } from "../parts/button";
import { t } from "../texts";
import { refusalText } from "../texts/refusal";
import type { Desk } from "./desk";

/** How far a picture may be from the clock before it is set right, in seconds: less is not heard or seen. */
const DRIFT = 0.12;

export function Player({ desk, recording }: { desk: Desk; recording: KeptRecordingView }) {
  const opened = useSignal<OpenedRecording | null>(null);
  const refusal = useSignal<unknown>(null);
  useEffect(() => {
    const closed = new AbortController();
    desk.openRecording(recording.id, closed.signal).then(
      (found) => (opened.value = found),
      (error) => (refusal.value = error),
    );
    return () => closed.abort();
  }, [desk, recording.id]);
  return (
    <section class="player" aria-label={t.recordings.player(recording.patient_name)}>
      {refusal.value !== null && <Alert kind="error">{refusalText(refusal.value)}</Alert>}
      {opened.value === null && refusal.value === null && (
        <p role="status">
          <span class="spinner spinner-small" aria-hidden="true" /> {t.recordings.making}
        </p>
      )}
      {opened.value?.ready && <Films films={opened.value.films} lengthMs={opened.value.length_ms ?? 0} />}
    </section>
  );
}

function Films({ films, lengthMs }: { films: FilmView[]; lengthMs: number }) {
  const pictures = useRef(new Map<string, HTMLVideoElement>());
  const length = lengthMs / 1000;
  const at = useSignal(0);
  const playing = useSignal(false);
  const waits = useSignal(false);
  const broken = useSignal<string[]>([]);

  useEffect(() => follow(pictures.current, films, length, at, playing, waits, broken), [films, length]);

  return (
    <>
      <div class="player-films">
        {films.map((film) => (
          <figure key={film.participant}>
            {/* biome-ignore lint/a11y/useMediaCaption: nobody has written down what was said */}
            <video
              ref={(element) => {
                if (element === null) pictures.current.delete(film.participant);
                else pictures.current.set(film.participant, element);
              }}
              src={film.url}
              preload="auto"
              playsInline
              aria-label={whoOf(film)}
              onError={() => (broken.value = [...broken.value, film.participant])}
            />
            <figcaption>{whoOf(film)}</figcaption>
            {broken.value.includes(film.participant) && (
              <Alert kind="warning">{t.recordings.unplayable(whoOf(film))}</Alert>
            )}
          </figure>
        ))}
      </div>
      <div class="player-bar">
        <Button small look="primary" onClick={() => (playing.value = !playing.value)}>
          {playing.value ? t.recordings.pause : t.recordings.start}
        </Button>
        <input
          type="range"
          class="player-position"
          min={0}
          max={length}
          step={0.1}
          value={at.value}
          aria-label={t.recordings.position}
          aria-valuetext={clock(at.value)}
          onInput={(event) => (at.value = event.currentTarget.valueAsNumber)}
        />
        <span class="player-clock">
          {clock(at.value)} / {clock(length)}
        </span>
        {waits.value && (
          <span role="status" class="muted">
            {t.recordings.buffering}
          </span>
        )}
      </div>
    </>
  );
}

/** Lets every picture follow the clock, and the clock wait for whichever has nothing to show yet. Returns its own undo. */
function follow(
  pictures: Map<string, HTMLVideoElement>,
  films: FilmView[],
  length: number,
  at: Signal<number>,
  playing: Signal<boolean>,
  waits: Signal<boolean>,
  broken: Signal<string[]>,
): () => void {
  let frame = 0;
  let before = performance.now();
  const step = (now: number) => {
    const passed = (now - before) / 1000;
    before = now;
    const shown = films.flatMap((film) => {
      const picture = pictures.get(film.participant);
      const place = at.peek() - film.begins_ms / 1000;
      if (picture === undefined || broken.peek().includes(film.participant)) return [];
      return [{ picture, place, here: place >= 0 && !(place >= picture.duration) }];
    });
    waits.value = playing.peek() && shown.some(({ picture, here }) => here && picture.readyState < 3);
    const runs = playing.peek() && !waits.peek();
    for (const { picture, place, here } of shown) {
      const wanted = Math.max(0, here ? place : Math.min(place, picture.duration || 0));
      const near = runs ? DRIFT : 0.01;
      if (!picture.seeking && Math.abs(picture.currentTime - wanted) > near) picture.currentTime = wanted;
      if (runs && here && picture.paused) picture.play().catch(() => {});
      if (!(runs && here) && !picture.paused) picture.pause();
    }
    if (runs) at.value = Math.min(length, at.peek() + passed);
    if (at.peek() >= length) playing.value = false;
    frame = requestAnimationFrame(step);
  };
  frame = requestAnimationFrame(step);
  return () => cancelAnimationFrame(frame);
}

function whoOf({ participant }: FilmView): string {
  if (participant === "clinician") return t.recordings.clinician;
  return participant === "patient" ? t.recordings.patient : t.recordings.other;
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (part: number) => String(part).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return `${hours > 0 ? `${hours}:` : ""}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
