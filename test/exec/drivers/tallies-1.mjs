// A driver whose first version knows nothing of the format of the second.
import { tallies } from './tallies.mjs';

export default tallies({ version: '1.0.0', format: 'tallies.1', mark: 0, frames: 1 });
