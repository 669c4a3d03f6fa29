mod adaptive;
mod keyed;
mod learned;
mod pressure;
mod rate;
mod resources;
mod window;
