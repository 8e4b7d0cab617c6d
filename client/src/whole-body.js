/**
 * A response's body for whoever wants to read it piece by piece where fetch gives it only as a whole, as React Native's does:
 * one piece, which is there when the body is.
 */
export class WholeBody {
  #response;
  #isRead = false;

  constructor(response) {
    this.#response = response;
  }

  async read() {
    if (this.#isRead) return { done: true, value: undefined };
    const value = new Uint8Array(await this.#response.arrayBuffer());
    this.#isRead = true;
    return { done: false, value };
  }

  async cancel() {}
}
