// Prints app.jsx with all that it needs, as a browser loads it.
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: ['app.jsx'], bundle: true, minify: true, format: 'esm', jsx: 'automatic', write: false,
  define: { 'process.env.NODE_ENV': '"production"' },
});
process.stdout.write(outputFiles[0].text);
