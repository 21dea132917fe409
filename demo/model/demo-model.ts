/** The model that the demo's admin file names; its price is what scripted calls are counted at. */
export const DEMO_MODEL = 'claude-sonnet-4-6';
