// What the clinic sets for itself: opening hours of each weekday, closed days, waiting times, ready explanations, recordings.
import { type Signal, useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import type { ClinicSettingsView, HoursView } from "../generated/wire";
import { Button } from "../parts/button";
import { DateField } from "../parts/date-field";
import { ConfirmDialog } from "../parts/dialog";
import { Field } from "../parts/field";
import { Icon } from "../parts/icon";
import { t } from "../texts";
import type { Desk } from "./desk";

type Minutes =
  | "blank_minutes"
  | "wait_warning_minutes"
  | "wait_alarm_minutes"
  | "grace_minutes"
  | "resume_minutes";
type Words = "consent_da" | "consent_en";

const USUAL: HoursView = { opens: "07:30", closes: "21:00" };

interface SettingsProps {
  desk: Desk;
  settings: ClinicSettingsView;
  onClose: () => void;
}

export function SettingsDialog({ desk, settings, onClose }: SettingsProps) {
  const draft = useSignal(settings);
  // As typed, so that an empty field stays empty while one types.
  const minutes = useSignal<Record<Minutes, string>>({
    wait_warning_minutes: String(settings.wait_warning_minutes),
    wait_alarm_minutes: String(settings.wait_alarm_minutes),
    grace_minutes: String(settings.grace_minutes),
    resume_minutes: String(settings.resume_minutes),
    blank_minutes: String(settings.blank_minutes ?? 10),
  });
  const readyTexts = useSignal(settings.ready_texts.join("\n"));
  const words = useSignal<Record<Words, string>>({
    consent_da: settings.consent_da,
    consent_en: settings.consent_en,
  });
  const recordingDays = useSignal(settings.recording_days === 0 ? "" : String(settings.recording_days));

  const save = () =>
    desk.setSettings({
      ...draft.value,
      wait_warning_minutes: Number(minutes.value.wait_warning_minutes),
      wait_alarm_minutes: Number(minutes.value.wait_alarm_minutes),
      grace_minutes: Number(minutes.value.grace_minutes),
      resume_minutes: Number(minutes.value.resume_minutes),
      blank_minutes: Number(minutes.value.blank_minutes),
      ...words.value,
      recording_days: Number(recordingDays.value),
      ready_texts: readyTexts.value
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean),
    });

  return (
    <ConfirmDialog wide title={t.settings.title} confirm={t.settings.save} onConfirm={save} onClose={onClose}>
      <div class="settings">
        <OpeningHours draft={draft} />
        <div>
          <ClosedDays draft={draft} />
          <fieldset class="settings-part">
            <legend class="strong">{t.settings.waiting}</legend>
            <div class="settings-minutes">
              <MinutesField label={t.settings.waitWarning} name="wait_warning_minutes" minutes={minutes} />
              <MinutesField label={t.settings.waitAlarm} name="wait_alarm_minutes" minutes={minutes} />
              <MinutesField label={t.settings.grace} name="grace_minutes" minutes={minutes} />
              <MinutesField label={t.settings.resume} name="resume_minutes" minutes={minutes} />
              <MinutesField
                label={t.settings.blank}
                name="blank_minutes"
                minutes={minutes}
                min={0}
                max={240}
              />
            </div>
          </fieldset>
          <Told draft={draft} />
          <Field
            label={t.settings.readyTexts}
            hint={t.settings.readyTextsHint}
            rows={4}
            value={readyTexts.value}
            onValue={(value) => (readyTexts.value = value)}
          />
          <fieldset class="settings-part">
            <legend class="strong">{t.settings.recordings}</legend>
            <Field
              label={t.settings.consentDa}
              hint={t.settings.consentHint}
              rows={3}
              maxLength={2000}
              value={words.value.consent_da}
              onValue={(value) => (words.value = { ...words.value, consent_da: value })}
            />
            <Field
              label={t.settings.consentEn}
              rows={3}
              maxLength={2000}
              value={words.value.consent_en}
              onValue={(value) => (words.value = { ...words.value, consent_en: value })}
            />
            <Field
              label={t.settings.recordingDays}
              hint={t.settings.recordingDaysHint}
              inputMode="numeric"
              maxLength={4}
              value={recordingDays.value}
              onValue={(value) => (recordingDays.value = value.replace(/\D/g, ""))}
            />
          </fieldset>
        </div>
      </div>
    </ConfirmDialog>
  );
}

/** What whoever waits is told, and may write. */
function Told({ draft }: { draft: Signal<ClinicSettingsView> }) {
  const id = useId();
  const choices = [
    ["show_place", t.settings.showPlace],
    ["show_wait", t.settings.showWait],
    ["chat", t.settings.chat],
  ] as const;
  return (
    <fieldset class="settings-part">
      <legend class="strong">{t.settings.told}</legend>
      {choices.map(([name, label]) => (
        <div class="form-group-checkbox" key={name}>
          <input
            type="checkbox"
            id={`${id}-${name}`}
            class="form-checkbox"
            checked={draft.value[name] ?? true}
            onChange={(event) => (draft.value = { ...draft.value, [name]: event.currentTarget.checked })}
          />
          <label class="form-label" for={`${id}-${name}`}>
            {label}
          </label>
        </div>
      ))}
    </fieldset>
  );
}

function OpeningHours({ draft }: { draft: Signal<ClinicSettingsView> }) {
  const id = useId();
  const { week, automatic } = draft.value;
  const setDay = (index: number, day: HoursView[]) => {
    draft.value = { ...draft.value, week: week.map((other, at) => (at === index ? day : other)) };
  };
  return (
    <fieldset class="settings-part">
      <legend class="strong">{t.settings.hours}</legend>
      <div class="form-group-checkbox">
        <input
          type="checkbox"
          id={id}
          class="form-checkbox"
          checked={automatic}
          onChange={(event) => (draft.value = { ...draft.value, automatic: event.currentTarget.checked })}
        />
        <label class="form-label" for={id}>
          {t.settings.automatic}
        </label>
      </div>
      <p class="muted small">{t.settings.automaticHint}</p>
      {automatic && (
        <>
          <ul class="rows no-max-width">
            {t.settings.weekdays.map((name, index) => (
              <DayHours key={name} name={name} day={week[index] ?? []} onDay={(day) => setDay(index, day)} />
            ))}
          </ul>
          <Button
            small
            onClick={() => (draft.value = { ...draft.value, week: week.map(() => week[0] ?? []) })}
          >
            {t.settings.sameAsMonday}
          </Button>
        </>
      )}
    </fieldset>
  );
}

interface DayProps {
  name: string;
  day: HoursView[];
  onDay: (day: HoursView[]) => void;
}

function DayHours({ name, day, onDay }: DayProps) {
  const change = (index: number, part: Partial<HoursView>) =>
    onDay(day.map((hours, at) => (at === index ? { ...hours, ...part } : hours)));
  return (
    <li class="day">
      <span class="day-name">{name}</span>
      <div class="day-hours">
        {day.length === 0 && <span class="muted">{t.settings.shut}</span>}
        {day.map((hours, index) => (
          <span class="hours" key={index}>
            <TimeOfDay
              label={t.settings.opens(name)}
              value={hours.opens}
              onValue={(opens) => change(index, { opens })}
            />
            –
            <TimeOfDay
              label={t.settings.closes(name)}
              value={hours.closes}
              onValue={(closes) => change(index, { closes })}
            />
            <button
              type="button"
              class="icon-button"
              aria-label={t.settings.removeHours(name)}
              onClick={() => onDay(day.filter((_, at) => at !== index))}
            >
              <Icon name="close" />
            </button>
          </span>
        ))}
      </div>
      <button
        type="button"
        class="icon-button icon-button-plain"
        aria-label={t.settings.addHours(name)}
        onClick={() => onDay([...day, day.length === 0 ? USUAL : { opens: "", closes: "" }])}
      >
        <Icon name="plus" />
      </button>
    </li>
  );
}

interface TimeProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
}

/** HH:MM in every browser; the browser's own input follows the language that the browser speaks. */
function TimeOfDay({ label, value, onValue }: TimeProps) {
  return (
    <input
      type="text"
      inputMode="numeric"
      class="form-input time-of-day"
      required
      pattern="([01][0-9]|2[0-3]):[0-5][0-9]"
      maxLength={5}
      placeholder={t.settings.timeShape}
      title={t.settings.timeShape}
      aria-label={label}
      value={value}
      onInput={(event) => onValue(event.currentTarget.value.replace(".", ":"))}
    />
  );
}

function ClosedDays({ draft }: { draft: Signal<ClinicSettingsView> }) {
  const date = useSignal("");
  const days = draft.value.closed_days;
  const add = () => {
    if (date.value !== "" && !days.includes(date.value))
      draft.value = { ...draft.value, closed_days: [...days, date.value].sort() };
    date.value = "";
  };
  return (
    <fieldset class="settings-part">
      <legend class="strong">{t.settings.closedDays}</legend>
      <p class="muted small">{t.settings.closedDaysHint}</p>
      <ul class="rows closed-days no-max-width">
        {days.map((day) => (
          <li class="hours" key={day}>
            {t.settings.date(day)}
            <button
              type="button"
              class="icon-button"
              aria-label={t.settings.removeClosedDay(t.settings.date(day))}
              onClick={() =>
                (draft.value = { ...draft.value, closed_days: days.filter((other) => other !== day) })
              }
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <div class="one-line">
        <DateField
          label={t.settings.closedDay}
          value={date.value}
          onValue={(value) => (date.value = value)}
        />
        <Button small disabled={date.value === ""} onClick={add}>
          {t.settings.addClosedDay}
        </Button>
      </div>
    </fieldset>
  );
}

interface MinutesProps {
  label: string;
  name: Minutes;
  minutes: Signal<Record<Minutes, string>>;
  min?: number;
  max?: number;
}

function MinutesField({ label, name, minutes, min = 1, max = 1440 }: MinutesProps) {
  const id = useId();
  return (
    <div class="form-group">
      <label class="form-label" for={id}>
        {label}
      </label>
      <input
        type="number"
        id={id}
        class="form-input"
        required
        min={min}
        max={max}
        value={minutes.value[name]}
        onInput={(event) => (minutes.value = { ...minutes.value, [name]: event.currentTarget.value })}
      />
    </div>
  );
}
