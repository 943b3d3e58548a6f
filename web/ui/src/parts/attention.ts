// What tells of something while one looks elsewhere: a sound and a desktop notification, each to be switched.
import { type Signal, signal } from "@preact/signals";

const TONES_HZ = [660, 880];
const TONE_SECONDS = 0.18;
const LOUDNESS = 0.2;

const canNotify = () => "Notification" in window;

/** Whether it is switched on is kept by the browser; nothing else is. */
class Switch {
  readonly on: Signal<boolean>;

  constructor(
    private readonly key: string,
    byDefault: boolean,
  ) {
    const kept = localStorage.getItem(key);
    this.on = signal(kept === null ? byDefault : kept === "on");
  }

  set(on: boolean): void {
    this.on.value = on;
    localStorage.setItem(this.key, on ? "on" : "off");
  }
}

/** How to be told: what it is about names the browser's settings for it, and keeps one notification from piling on another. */
export class Attention {
  readonly sound: Switch;
  readonly notification: Switch;
  /** The browser was asked, and will not show any. */
  readonly refused = signal(false);
  #audio: AudioContext | null = null;

  constructor(private readonly about: "arrival" | "turn") {
    this.sound = new Switch(`venterum.${about}-sound`, true);
    this.notification = new Switch(`venterum.${about}-notification`, false);
  }

  /** Something has happened; `title` and `text` name no patient, for others may see the screen. */
  announce(title: string, text: string): void {
    if (this.sound.on.value) this.play();
    if (!this.notification.on.value || !canNotify() || Notification.permission !== "granted") return;
    try {
      const shown = new Notification(title, { body: text, tag: `venterum-${this.about}` });
      shown.onclick = () => {
        window.focus();
        shown.close();
      };
    } catch {
      // Android's Chrome shows none without a service worker; the sound and the title tell.
    }
  }

  async switchNotification(on: boolean): Promise<void> {
    const may = !on || (canNotify() && (await Notification.requestPermission()) === "granted");
    this.refused.value = !may;
    this.notification.set(on && may);
  }

  switchSound(on: boolean): void {
    this.sound.set(on);
    // So that one hears what one will hear.
    if (on) this.play();
  }

  /** Two short tones, made here. A browser lets no page sound that nobody has clicked on yet. */
  play(): void {
    if (!navigator.userActivation.hasBeenActive) return;
    this.#audio ??= new AudioContext();
    const audio = this.#audio;
    void audio.resume();
    TONES_HZ.forEach((hz, index) => {
      const start = audio.currentTime + index * TONE_SECONDS;
      const tone = new OscillatorNode(audio, { frequency: hz });
      const volume = new GainNode(audio, { gain: 0 });
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.02);
      volume.gain.linearRampToValueAtTime(0, start + TONE_SECONDS);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + TONE_SECONDS);
    });
  }
}
