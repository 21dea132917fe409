/**
 * One spelling for paths that some file system or reader takes for the same: used wherever a rule names a path, so that
 * `.GitHub/`, full-width letters or an invisible character inside a name do not slip past it.
 */

const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;

/** True where a name needs more than lower case to be compared. */
const NOT_ASCII = /[^ -~]/;

/**
 * The path with ignorable code points removed, compatibility forms unified (NFKC), case folded and trailing dots and
 * spaces of each part dropped. Two paths with equal folds count as the same path.
 */
export function foldPath(path: string): string {
  const plain = NOT_ASCII.test(path) ? unify(path) : path.toLowerCase();
  return plain.replace(/[. ]+(?=\/|$)/g, '');
}

/** Upper case first: it expands what lower case alone keeps apart, such as the German sharp s or the long s. */
function unify(text: string): string {
  return text.replace(IGNORABLE, '').normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}
