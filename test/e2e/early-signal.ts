/** Loaded before the program: signals it, as soon as it begins to import what takes long. */
import { registerHooks } from 'node:module';

let sent = false;
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'commander' && !sent) {
      sent = true;
      process.kill(process.pid, process.env.EARLY_SIGNAL);
    }
    return next(specifier, context);
  },
});
