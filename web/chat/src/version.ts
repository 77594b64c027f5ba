/** The SDK's version, told to the server at login. */
export const SDK_VERSION = '0.1.0';
