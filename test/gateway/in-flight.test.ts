import { describe, expect, it } from 'vitest';
import { limitInFlight } from '../../src/gateway/in-flight.ts';

describe('calls in flight', () => {
  it('of one job are bounded, and of another job unaffected', async () => {
    const inFlight = limitInFlight(2);
    let end: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      end = resolve;
    });
    const running = [1, 2].map(() => inFlight('gb-one', () => held));
    await expect(inFlight('gb-one', async () => 'third')).rejects.toMatchObject({ code: 'unavailable' });
    expect(await inFlight('gb-other', async () => 'served')).toBe('served');
    end();
    await Promise.all(running);
    expect(await inFlight('gb-one', async () => 'served')).toBe('served');
  });

  it('counter-test: counted for all jobs together, those of one leave no place for another', async () => {
    const inFlight = limitInFlight(2);
    const { promise: held, resolve: end } = Promise.withResolvers<void>();
    const running = [1, 2].map(() => inFlight('everybody', () => held));
    const other = inFlight('everybody', async () => 'served');
    await expect(other).rejects.toMatchObject({ code: 'unavailable' });
    end();
    await Promise.all(running);
  });

  it('give their place back when they fail', async () => {
    const inFlight = limitInFlight(1);
    const failing = (): Promise<never> => inFlight('gb-one', () => Promise.reject(new Error('broken')));
    await expect(failing()).rejects.toThrow('broken');
    await expect(failing()).rejects.toThrow('broken');
  });
});
