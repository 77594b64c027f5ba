/** Measures what docs/performance.md says of the Chat UI, only when asked to: `npm run measure -w @nuncio/chatui`. */
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { it } from 'vitest';
import { World, writeTo } from './support/world.js';

const RUNS = 5;

async function size(what: string, code: string): Promise<void> {
  const bundle = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['production'],
    write: false,
  });
  const contents = bundle.outputFiles[0]?.contents ?? new Uint8Array();
  console.info(`${what}: ${contents.length} bytes, ${gzipSync(contents, { level: 9 }).length} gzipped`);
}

async function heap(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  await devtools.send('Performance.enable');
  const { metrics } = await devtools.send('Performance.getMetrics');
  return (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0) / 2 ** 20;
}

it.runIf(process.env['MEASURE'])('the figures of the Chat UI are measured', async () => {
  await size('@nuncio/chat', "export * from '@nuncio/chat'");
  await size('@nuncio/chat and @nuncio/chatui with lit', "export * from '@nuncio/chat'; export * from '../dist/index.js'");

  const world = new World();
  await world.start();
  try {
    const page = await world.open('ada');
    // Nobody is there to get them: they stay in the list as not sent, which is as good as any other message.
    await page.evaluate(async () => {
      const { DirectChannel, SendTextMessageParams } = window.chat;
      await Promise.all(Array.from({ length: 500 }, (_, index) => new DirectChannel(`user-${index}`).sendMessage(new SendTextMessageParams({ text: `Message ${index}` }))));
    });
    await world.nuncio.stop();
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      await page.reload();
      times.push(await page.evaluate(async () => {
        const rows = (): number => document.querySelector('nuncio-chat')?.shadowRoot?.querySelector('nuncio-channel-list')?.shadowRoot?.querySelectorAll('.row').length ?? 0;
        while (rows() === 0 && performance.now() < 20_000) await new Promise((resolve) => requestAnimationFrame(resolve));
        const { channels } = window.chatui.session;
        if (channels.length !== 500) throw new Error(`${channels.length} channels`);
        return performance.now();
      }));
    }
    times.sort((a, b) => a - b);
    console.info(`500 channels, the server away: the list is painted ${times.map((time) => Math.round(time)).join(', ')} ms after the navigation began`);
    await world.nuncio.start();
    await page.reload();
    await page.waitForFunction(() => window.chat?.NCEngine.getConnectionStatus() === window.chat.ConnectionStatus.CONNECTED);
    await writeTo(page, 'alice');
    const before = await heap(page);
    await page.evaluate(async () => {
      const { DirectChannel, Helper, SendTextMessageParams, SentStatus } = window.chat;
      const { identifier } = new DirectChannel('alice');
      const messages = Array.from({ length: 10_000 }, (_, index) => {
        const message = Helper.createMessage(identifier, new SendTextMessageParams({ text: `Line ${index} of a long conversation` }));
        return Object.assign(message, { messageId: `m${String(index).padStart(6, '0')}`, sentTime: Date.now() - (10_000 - index) * 60_000, sentStatus: SentStatus.SENT });
      });
      window.chatui.session.changed({ kind: 'received', messages });
    });
    await page.waitForTimeout(1_000);
    console.info(`JavaScript heap: ${before.toFixed(1)} MiB, with 10,000 messages open ${(await heap(page)).toFixed(1)} MiB`);
  } finally {
    await world.end();
  }
});
