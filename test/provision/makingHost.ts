// Stands for a window that makes a cluster and is then ended from outside: `makingHost.ts <folder> <terraform>`.
import process from "node:process";
import { FakePage, gkeWish, MakingScene } from "./makingFixture.ts";

const [, , folder = "", terraform = ""] = process.argv;
const scene = new MakingScene(folder, terraform);
const page = new FakePage(await scene.window().wizard("new", undefined, gkeWish()));
await page.say({ type: "plan" });
await page.say({ type: "create" });
