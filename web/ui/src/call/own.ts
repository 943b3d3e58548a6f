// One's own camera, microphone and speaker: opened, turned off and on, changed in the middle of a call, and missed when unplugged.
import { signal } from "@preact/signals";
import { closeDevices, type Devices, openDevices, openOne, type Preferred } from "../protocol/devices";

export type Kind = "microphone" | "camera" | "speaker";

export interface Choice {
  id: string;
  label: string;
}

/** What happened to a device that nobody here changed. `now` is the one in its place, or empty when there is none. */
export interface Lost {
  kind: "microphone" | "camera";
  was: string;
  now: string;
}

const KIND_OF: Record<MediaDeviceKind, Kind> = {
  audioinput: "microphone",
  videoinput: "camera",
  audiooutput: "speaker",
};
const TRACK_OF = { microphone: "audio", camera: "video" } as const;

/** Where the choice is remembered; the ids are random ones that the browser made for this site. */
const KEY = "venterum.devices";

export class OwnDevices {
  /** Null until they have been asked for; a new object with a new stream at every change of a device. */
  readonly devices = signal<Devices | null>(null);
  readonly choices = signal<Record<Kind, Choice[]>>({ microphone: [], camera: [], speaker: [] });
  readonly chosen = signal<Record<Kind, string>>({ microphone: "", camera: "", speaker: "" });
  readonly isOn = signal({ microphone: true, camera: true });
  readonly lost = signal<Lost | null>(null);
  #asked = 0;
  #preferred: Preferred = remembered();

  /** Told of the stream whenever it is another one. */
  constructor(private readonly onStream: (stream: MediaStream | null) => void) {}

  /** Asks for camera and microphone, unless both are open. */
  open = async (): Promise<void> => {
    if (this.devices.peek()?.problem === null) return;
    this.#asked += 1;
    const mine = this.#asked;
    const opened = await openDevices(this.#preferred);
    if (mine !== this.#asked) return closeDevices(opened);
    closeDevices(this.devices.peek());
    this.#use(opened);
    navigator.mediaDevices?.addEventListener("devicechange", this.#list);
    await this.#list();
  };

  close = (): void => {
    this.#asked += 1;
    closeDevices(this.devices.peek());
    navigator.mediaDevices?.removeEventListener("devicechange", this.#list);
    this.devices.value = null;
    this.lost.value = null;
  };

  /** Turns the microphone or the camera off or on; the connection stays as it is. */
  setOn(kind: "microphone" | "camera", on: boolean): void {
    this.isOn.value = { ...this.isOn.peek(), [kind]: on };
    this.#obey();
  }

  /** Uses another device from now on. Throws when it cannot be opened; the one before is then used on. */
  choose = async (kind: Kind, id: string): Promise<void> => {
    this.lost.value = null;
    if (kind !== "speaker") await this.#replace(kind, id);
    this.chosen.value = { ...this.chosen.peek(), [kind]: id };
    this.#preferred = { ...this.#preferred, [kind]: id };
    remember(this.#preferred);
  };

  async #replace(kind: "microphone" | "camera", id: string): Promise<void> {
    const before = this.devices.peek()?.stream;
    const old = before?.getTracks().find((track) => track.kind === TRACK_OF[kind]);
    const kept = before?.getTracks().filter((track) => track !== old) ?? [];
    // Many phones cannot have two cameras open at once.
    old?.stop();
    const asked = this.#asked;
    let track: MediaStreamTrack;
    try {
      track = await openOne(kind, id);
    } catch (error) {
      const was = old?.getSettings().deviceId;
      const again = was ? await openOne(kind, was).catch(() => null) : null;
      if (asked === this.#asked) this.#use(opened([...kept, again]));
      throw error;
    }
    if (asked !== this.#asked) return track.stop();
    this.#use(opened([...kept, track]));
    await this.#list();
  }

  #use(devices: Devices): void {
    for (const track of devices.stream?.getTracks() ?? []) track.onended = () => void this.#miss(track);
    this.devices.value = devices;
    this.#obey();
    this.#note();
    this.onStream(devices.stream);
  }

  /** A device was unplugged, or its permission taken back: another one takes its place, and it is said. */
  async #miss(track: MediaStreamTrack): Promise<void> {
    const devices = this.devices.peek();
    if (!devices?.stream?.getTracks().includes(track)) return;
    const kind = track.kind === "audio" ? "microphone" : "camera";
    const asked = this.#asked;
    const other = await openOne(kind, null).catch(() => null);
    if (asked !== this.#asked) return other?.stop();
    const kept = devices.stream.getTracks().filter((each) => each !== track);
    this.#use(opened([...kept, other]));
    this.lost.value = { kind, was: track.label, now: other?.label ?? "" };
    await this.#list();
  }

  #obey(): void {
    for (const track of this.devices.peek()?.stream?.getTracks() ?? [])
      track.enabled = this.isOn.peek()[track.kind === "audio" ? "microphone" : "camera"];
  }

  #note(): void {
    const used = { ...this.chosen.peek(), microphone: "", camera: "" };
    for (const track of this.devices.peek()?.stream?.getTracks() ?? [])
      used[track.kind === "audio" ? "microphone" : "camera"] = track.getSettings().deviceId ?? "";
    this.chosen.value = used;
  }

  #list = async (): Promise<void> => {
    const found: Record<Kind, Choice[]> = { microphone: [], camera: [], speaker: [] };
    // Without permission they have neither; Chrome's "communications" doubles another one.
    for (const { kind, deviceId, label } of await navigator.mediaDevices.enumerateDevices())
      if (deviceId !== "" && deviceId !== "communications")
        found[KIND_OF[kind]].push({ id: deviceId, label });
    this.choices.value = found;
    const { speaker } = this.chosen.peek();
    if (!found.speaker.some(({ id }) => id === speaker)) {
      const wanted = found.speaker.find(({ id }) => id === this.#preferred.speaker) ?? found.speaker[0];
      this.chosen.value = { ...this.chosen.peek(), speaker: wanted?.id ?? "" };
    }
  };
}

/** What one has with these tracks. */
function opened(tracks: (MediaStreamTrack | null)[]): Devices {
  const there = tracks.filter((track) => track !== null);
  const has = (kind: string) => there.some((track) => track.kind === kind);
  const problem = has("audio")
    ? has("video")
      ? null
      : "no_camera"
    : has("video")
      ? "no_microphone"
      : "missing";
  return { stream: there.length > 0 ? new MediaStream(there) : null, problem };
}

function remembered(): Preferred {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return kept !== null && typeof kept === "object" ? kept : {};
  } catch {
    return {};
  }
}

function remember(preferred: Preferred): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferred));
  } catch {
    // A browser that keeps nothing asks anew the next time.
  }
}
