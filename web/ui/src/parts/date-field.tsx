// A labelled date, in the browser's own way of choosing one.
import { useId } from "preact/hooks";

interface DateFieldProps {
  label: string;
  /** YYYY-MM-DD, or empty for none. */
  value: string;
  onValue: (value: string) => void;
}

export function DateField({ label, value, onValue }: DateFieldProps) {
  const id = useId();
  return (
    <div class="form-group">
      <label class="form-label" for={id}>
        {label}
      </label>
      <input
        type="date"
        id={id}
        class="form-input"
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
      />
    </div>
  );
}
