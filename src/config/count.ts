/** A bounded whole number of a configuration file, with the words that its errors and its documentation use. */
import { z } from 'zod';

/** A whole number from `least` to `most`. */
export const count = (least: number, most: number, title: string, description: string) =>
  z.int().min(least).max(most).meta({ title, description });
