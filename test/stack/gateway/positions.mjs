// Text that is rewritten piece by piece, and the way back from a position in the result to the source.
// PostgreSQL counts error positions in characters (code points) from 1; JavaScript indexes UTF-16 units from 0.

function unitsFromCharacters(text, characters) {
  let units = 0;
  for (let i = 0; i < characters && units < text.length; i++) units += text.codePointAt(units) > 0xffff ? 2 : 1;
  return units;
}

export function charactersFromUnits(text, units) {
  let count = 0;
  for (let i = 0; i < units && i < text.length; count++) i += text.codePointAt(i) > 0xffff ? 2 : 1;
  return count;
}

export class RewrittenText {
  constructor(source) {
    this.source = source;
    this.text = '';
    this.pieces = []; // {from: index in text, start: index in source, copied: boolean}
  }

  copy(start, end) {
    if (end <= start) return;
    this.pieces.push({ from: this.text.length, start, copied: true });
    this.text += this.source.slice(start, end);
  }

  // Any position inside the replacement points at the start of what it replaces.
  replace(start, replacement) {
    if (replacement === '') return;
    this.pieces.push({ from: this.text.length, start, copied: false });
    this.text += replacement;
  }

  // position as in field P of an ErrorResponse, of the rewritten text; result the same of the source.
  sourcePosition(position) {
    const at = unitsFromCharacters(this.text, position - 1);
    let found = { from: 0, start: 0, copied: true };
    for (const piece of this.pieces) {
      if (piece.from > at) break;
      found = piece;
    }
    const unit = found.copied ? found.start + at - found.from : found.start;
    return charactersFromUnits(this.source, unit) + 1;
  }
}
