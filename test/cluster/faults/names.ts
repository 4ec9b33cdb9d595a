import dns from "node:dns";

/** Stands in for the system's resolver, for one name. */
export class Names {
  readonly #lookup = dns.lookup;
  answer: "never" | "ENOTFOUND" | "EAI_AGAIN" | "127.0.0.1" = "127.0.0.1";
  asked = 0;

  constructor(name: string) {
    const lookup = (
      host: string,
      options: dns.LookupAllOptions,
      done: (error: Error | null, found?: dns.LookupAddress[]) => void,
    ): void => {
      if (host !== name) {
        this.#lookup(host, options, done);
        return;
      }
      this.asked++;
      const { answer } = this;
      if (answer === "never") return;
      setImmediate(() => {
        if (answer === "127.0.0.1") done(null, [{ address: answer, family: 4 }]);
        else done(Object.assign(new Error(`getaddrinfo ${answer} ${host}`), { code: answer, syscall: "getaddrinfo" }));
      });
    };
    Object.defineProperty(dns, "lookup", { value: lookup, configurable: true, writable: true });
  }

  restore(): void {
    Object.defineProperty(dns, "lookup", { value: this.#lookup, configurable: true, writable: true });
  }
}
