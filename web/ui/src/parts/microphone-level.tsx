// How loud the microphone hears its surroundings now, so that one sees before the call that it works.
import { useEffect, useRef } from "preact/hooks";
import { t } from "../texts";

const LOOKS_A_SECOND = 10;
/** Speech at arm's length fills the bar about halfway. */
const FULL = 0.3;

/** How loud the microphone hears it now. */
export function MicrophoneLevel({ stream }: { stream: MediaStream }) {
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    if (stream.getAudioTracks().length === 0) return;
    const audio = new AudioContext();
    const analyser = new AnalyserNode(audio, { fftSize: 512 });
    audio.createMediaStreamSource(stream).connect(analyser);
    // After a reload a browser lets nothing run before the first click.
    const resume = () => void audio.resume();
    window.addEventListener("pointerdown", resume);
    window.addEventListener("keydown", resume);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const loudness = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
      if (meter.current) meter.current.value = Math.min(1, loudness / FULL);
    }, 1000 / LOOKS_A_SECOND);
    return () => {
      clearInterval(timer);
      window.removeEventListener("pointerdown", resume);
      window.removeEventListener("keydown", resume);
      void audio.close();
    };
  }, [stream]);

  if (stream.getAudioTracks().length === 0) return null;
  return (
    <div class="level">
      <span aria-hidden="true">{t.devices.level}</span>
      <meter ref={meter} class="level-meter" min={0} max={1} aria-label={t.devices.level} />
      <span class="muted small">{t.devices.levelHint}</span>
    </div>
  );
}
