// The part of VS Code's proposed API `notebookKernelSource` by which the Jupyter extension adds to Select Kernel.
import "vscode";

declare module "vscode" {
  interface NotebookKernelSourceAction {
    readonly label: string;
    /** Its result is the id of the controller that was chosen. */
    readonly command: Command;
  }

  namespace notebooks {
    function registerKernelSourceActionProvider(
      notebookType: string,
      provider: { provideNotebookKernelSourceActions(): NotebookKernelSourceAction[] },
    ): Disposable;
  }
}
