import { once } from "node:events";
import http from "node:http";

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly raw: readonly string[];
  readonly text: string;
}

type Asked = http.RequestOptions & { readonly body?: string | Buffer };

/** A request as a browser or another program would send it; `path` goes out as it is. */
export async function ask(port: number, path: string, { body, ...options }: Asked = {}): Promise<Answer> {
  const request = http.request({ host: "127.0.0.1", port, path, agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    raw: response.rawHeaders,
    text: Buffer.concat(chunks).toString("utf8"),
  };
}
