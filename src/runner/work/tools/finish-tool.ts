/** The tool `finish`: the agent says that it is done and gives its account, which is quoted and never believed. */
import { z } from 'zod';
import { problem, type Tool } from './tool.ts';

const Input = z.object({ narrative: z.string() });

/** Builds the tool. */
export function finishTool(): Tool {
  return {
    name: 'finish',
    definition: {
      name: 'finish',
      description:
        'Ends your work. `narrative`: a short account for the reviewer, plain text, at most 20 lines.',
      input_schema: {
        type: 'object',
        properties: { narrative: { type: 'string' } },
        required: ['narrative'],
      },
    },
    touchesFiles: false,
    describe: () => 'finished',
    async run(input) {
      const parsed = Input.safeParse(input);
      if (!parsed.success) return problem('finish takes `narrative`, a text.');
      return { text: 'Done.', finished: parsed.data.narrative };
    },
  };
}
