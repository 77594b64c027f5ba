import type { Json } from './json.js';
import { notAvailable } from './not-available.js';
import type { NCResult } from './result.js';

const TRANSLATION = 'translation';

/** Translations: `NCEngine.translateModule`. The server translates nothing yet: calls answer `NOT_AVAILABLE`. */
export class TranslateModule {
  /** Translates messages. */
  translateMessages(_params: Json): Promise<NCResult> {
    return notAvailable(TRANSLATION);
  }

  /** Translates texts. */
  translateTexts(_params: Json): Promise<NCResult> {
    return notAvailable(TRANSLATION);
  }

  /** Sets the user's language. */
  setTranslationLanguage(_language: string): Promise<NCResult> {
    return notAvailable(TRANSLATION);
  }

  /** The user's language. */
  getTranslationLanguage(): Promise<NCResult<string>> {
    return notAvailable(TRANSLATION);
  }

  /** Sets whether everything is translated. */
  setAutoTranslateEnable(_isEnable: boolean): Promise<NCResult> {
    return notAvailable(TRANSLATION);
  }

  /** Whether everything is translated. */
  getAutoTranslateEnabled(): Promise<NCResult<boolean>> {
    return notAvailable(TRANSLATION);
  }
}
